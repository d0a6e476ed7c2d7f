'use strict';
/* Loaded into functions by NODE_OPTIONS: on SIGUSR2 they collect their garbage, and write down what is left of their heap and buffers. */
const { writeFileSync, renameSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const file = join(process.env.PROOF_HEAP_DIRECTORY, String(process.pid));

process.on('SIGUSR2', () => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(`${file}.new`, String(heapUsed + external));
  renameSync(`${file}.new`, file);
});
