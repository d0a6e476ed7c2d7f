'use strict';
/*
 * dynalite lacks ReturnValuesOnConditionCheckFailure. It checks a condition under the item's lock, and so is this: the
 * item that goes with the error is the one that did not meet the condition. Required before dynalite serves.
 */
const db = require('dynalite/db');

for (const operation of ['putItem', 'updateItem', 'deleteItem']) {
  require(`dynalite/validations/${operation}`).types.ReturnValuesOnConditionCheckFailure = {
    type: 'String',
    enum: ['ALL_OLD', 'NONE'],
  };
}

const checkConditional = db.checkConditional;
db.checkConditional = (data, existingItem) => {
  const error = checkConditional(data, existingItem);
  if (error && existingItem && data.ReturnValuesOnConditionCheckFailure === 'ALL_OLD') {
    error.body.Item = existingItem;
  }
  return error;
};
