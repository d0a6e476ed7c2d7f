/** Milliseconds since the Unix epoch. Injected, so that tests own time. */
export type Clock = () => number;
