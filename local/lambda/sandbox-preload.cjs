'use strict';
/*
 * Loaded with `node --require` before aws-lambda-ric. The RIC's C++ addon is not compiled here, so this file answers
 * `require('./rapid-client.node')` with the same three calls over one raw socket to the Lambda Runtime API.
 * `done` and the `next` that follows it leave in one write: the sandbox is free the moment its answer arrives.
 */
const Module = require('node:module');
const net = require('node:net');

const HEAD_END = Buffer.from('\r\n\r\n');
const ROOT = '/2018-06-01/runtime/invocation/';

/** A sandbox without its twin has no reason to live, nor have the processes that it started (its own group). */
const die = () => {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
};

/*
 * On Lambda all processes of a sandbox end with it. Here its process group is ended, so one that a function starts in
 * another group is told to the twin, by the pipe that it gave: with its end the twin ends that one, too.
 */
const { ChildProcess } = require('node:child_process');
const { writeSync } = require('node:fs');
const GROUPS = 3;
const tell = (change, pid) => {
  try {
    writeSync(GROUPS, `${change} ${pid}\n`);
  } catch {
    // The twin is gone, and so is this sandbox, soon.
  }
};
const { spawn } = ChildProcess.prototype;
ChildProcess.prototype.spawn = function (options) {
  const result = spawn.call(this, options);
  const { pid } = this;
  if (options.detached && pid !== undefined) {
    tell('+', pid);
    this.once('exit', () => tell('-', pid));
  }
  return result;
};

const parseHead = (text) => {
  const lines = text.split('\r\n');
  const headers = {};
  for (let i = 1; i < lines.length; i++) {
    const colon = lines[i].indexOf(':');
    headers[lines[i].slice(0, colon).toLowerCase()] = lines[i].slice(colon + 1).trim();
  }
  return {
    status: Number(lines[0].slice(9, 12)),
    headers,
    length: Number(headers['content-length']),
  };
};

const createClient = (address) => {
  const [host, port] = address.split(':');
  /** One entry per request in flight, in order: a `next` waits for its answer, a post does not. */
  const waiting = [];
  const chunks = [];
  let size = 0;
  /** Bytes that the answer under way needs: chunks are joined once they are there, not one by one. */
  let needed = 0;
  let head;
  let headBytes = 0;

  const socket = net.connect({ host, port: Number(port), noDelay: true });
  /* Only a `next` under way keeps the process alive: a handler that waits for nothing ends it, as on Lambda. */
  socket.unref();
  socket.on('error', die).on('close', die);

  const onResponse = (response, body) => {
    const pending = waiting.shift();
    if (pending === undefined) return;
    socket.unref();
    if (response.status === 200) pending.resolve({ bodyJson: body, headers: response.headers });
    else pending.reject(new Error(`Failed to get next invocation, status ${response.status}`));
  };

  socket.on('data', (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size < needed) return;
    let received = chunks.length === 1 ? chunk : Buffer.concat(chunks, size);
    while (received.length > 0) {
      if (head === undefined) {
        const end = received.indexOf(HEAD_END);
        if (end < 0) break;
        head = parseHead(received.latin1Slice(0, end));
        headBytes = end + 4;
        needed = headBytes + head.length;
      }
      if (received.length < needed) break;
      const response = head;
      const body = received.utf8Slice(headBytes, needed);
      received = received.subarray(needed);
      head = undefined;
      needed = 0;
      onResponse(response, body);
    }
    chunks.length = 0;
    if (received.length > 0) chunks.push(received);
    size = received.length;
  });

  const send = (request) => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(request);
  };

  const post = (id, kind, body) => {
    waiting.push(undefined);
    send(
      `POST ${ROOT}${id}/${kind} HTTP/1.1\r\nHost: ${address}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  };

  return {
    next: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        socket.ref();
        send(`GET ${ROOT}next HTTP/1.1\r\nHost: ${address}\r\n\r\n`);
      }),
    done: (id, body) => post(id, 'response', body),
    /* The X-Ray cause, the third argument, goes to a service that the twin does not run. */
    error: (id, body) => post(id, 'error', body),
  };
};

const load = Module._load;
Module._load = function (request, ...rest) {
  if (!request.endsWith('rapid-client.node')) return load.call(this, request, ...rest);
  Module._load = load;
  return createClient(process.env.AWS_LAMBDA_RUNTIME_API);
};
