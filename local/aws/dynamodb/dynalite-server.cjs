'use strict';
/*
 * dynalite in a process of its own. Options come as one JSON argument; `listening <port>` on stdout says that it
 * serves. It ends when its standard input does, so it cannot outlive the twin.
 */
const dynalite = require('dynalite');
const validations = require('dynalite/validations');

const { path, port } = JSON.parse(process.argv[2]);

/* dynalite drops parameters that it does not know. The twin refuses them by name. */
const checkTypes = validations.checkTypes;
validations.checkTypes = (data, types) => {
  const unknown = Object.keys(data).find((name) => !types[name] && data[name] != null);
  if (unknown === undefined) return checkTypes(data, types);
  throw Object.assign(new Error(), {
    statusCode: 400,
    body: {
      __type: 'UnknownOperationException',
      message: `The twin does not implement the DynamoDB parameter ${unknown} here`,
    },
  });
};

require('./dynalite-conditions.cjs');

const server = dynalite({ path, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
server.keepAliveTimeout = 0;
server.listen(port, '127.0.0.1', () => {
  process.stdout.write(`listening ${server.address().port}\n`);
});
server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0));
process.stdin.resume();
