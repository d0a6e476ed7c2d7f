import { subscribe } from 'node:diagnostics_channel';

export interface Waiting {
  /** Milliseconds in which at least one request of this process was out. */
  readonly ms: number;
  /** Requests that have been answered. */
  readonly waits: number;
}

/**
 * Watches this process's own HTTP requests from now on. A request is out from its last byte to the head of its answer:
 * making and signing it, and reading and parsing the answer, are the process's own work.
 */
export const watchWaiting = (): (() => Waiting) => {
  let out = 0;
  let since = 0;
  let ms = 0;
  let waits = 0;
  subscribe('http.client.request.start', () => {
    if (out === 0) since = performance.now();
    out += 1;
  });
  const ended = (): void => {
    out -= 1;
    waits += 1;
    if (out === 0) ms += performance.now() - since;
  };
  subscribe('http.client.response.finish', ended);
  return () => ({ ms, waits });
};
