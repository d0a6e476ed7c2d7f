import * as z from 'zod';

/** A line of a suite's table. */
const row = z.object({
  cells: z.array(z.string()),
  ok: z.boolean(),
  /** Of a row that is not ok. */
  why: z.string().optional(),
});

/** What one run of a suite showed; `docs/proof.md` is made of these. */
export const suiteResult = z.object({
  name: z.string(),
  title: z.string(),
  /** One paragraph: what was run against what, and how to read the table. */
  about: z.string(),
  /** Without arguments it is the long form. */
  command: z.string(),
  /** Of whose programs, by package name. */
  versions: z.record(z.string(), z.string()),
  columns: z.array(z.string()).min(1),
  rows: z.array(row).min(1),
  /** One sentence of figures. */
  summary: z.string(),
  /** ISO 8601. */
  date: z.string(),
  seconds: z.number(),
  node: z.string(),
});

export type SuiteResult = z.infer<typeof suiteResult>;
export type Row = SuiteResult['rows'][number];
