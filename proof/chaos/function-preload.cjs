'use strict';
/*
 * Loaded into the functions of a twin by NODE_OPTIONS: their AWS calls and reads of keys go where the settings say, and their clock is off by
 * what a file says at the moment. Nothing of the functions themselves is changed.
 */
const { readFileSync } = require('node:fs');
const Module = require('node:module');

const { environment, jwksOrigin, clockFile } = JSON.parse(process.env.PROOF_SETTINGS);
Object.assign(process.env, environment);
if (process.env.TOKEN_ISSUERS !== undefined) {
  process.env.TOKEN_ISSUERS = process.env.TOKEN_ISSUERS.replace(
    /("jwksUri":")https?:\/\/[^/"]+/gu,
    `$1${jwksOrigin}`,
  );
}

const Own = Date;
const ownNow = Own.now.bind(Own);
const off = () => Number(readFileSync(clockFile, 'utf8'));
const now = () => ownNow() + off();
Own.now = now;
globalThis.Date = new Proxy(Own, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new Own(now()).toString(),
});

/* On Lambda a function and its Runtime API have one clock: deadlines are off by the same. */
const deadline = 'lambda-runtime-deadline-ms';
const own = Module._load;
let load = own;
const loading = (request, ...rest) => {
  const loaded = load.call(Module, request, ...rest);
  if (!request.endsWith('rapid-client.node')) return loaded;
  const next = async () => {
    const { headers, ...event } = await loaded.next();
    return { ...event, headers: { ...headers, [deadline]: Number(headers[deadline]) + off() } };
  };
  return { ...loaded, next };
};
/* The twin replaces it after this file, and puts back what it found. */
Object.defineProperty(Module, '_load', {
  get: () => (load === own ? own : loading),
  set: (replacement) => (load = replacement),
});
