export const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** An error that its reader can act on: printed without a stack. */
export const fail = (message: string, code = 1): never => {
  process.stderr.write(`${message.trim()}\n`);
  process.exit(code);
};
