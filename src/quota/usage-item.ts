import * as z from 'zod';

/** The numbers of an item, by attribute name. */
export type UsageItem = ReadonlyMap<string, number>;

export const noUsage: UsageItem = new Map();

/** DynamoDB JSON. Every attribute but the key is a number. */
const item = z
  .record(z.string(), z.union([z.object({ N: z.string() }), z.object({ S: z.string() })]))
  .transform((attributes, context): UsageItem => {
    const numbers = new Map<string, number>();
    for (const [name, value] of Object.entries(attributes)) {
      if (!('N' in value)) continue;
      const number = Number(value.N);
      if (!Number.isFinite(number)) context.addIssue({ code: 'custom', path: [name] });
      numbers.set(name, number);
    }
    return numbers;
  });

/** What UpdateItem answers with ReturnValues ALL_NEW. */
export const updateOutput = z.object({ Attributes: item });

/** What GetItem answers. */
export const getOutput = z.object({ Item: item.optional() });

/** @throws z.ZodError when it is no item of the table; `undefined` is one that does not exist. */
export const parseUsageItem = (attributes: unknown): UsageItem =>
  attributes === undefined ? noUsage : item.parse(attributes);
