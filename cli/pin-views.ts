import { isDeepStrictEqual } from 'node:util';
import type { Approval, PinDiff, PinDiffOutcome } from '../src/admin/pins.ts';
import { pinnedFields } from '../src/upstreams/pins.ts';
import type { JsonObject } from '../src/upstreams/upstream.ts';

/** One field of a definition that is not what was approved. Absent: there is none on that side. */
export interface FieldChange {
  readonly field: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface ChangedToolView {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** Absent: the approved definition was not kept (it was too large), only its hash. */
  readonly fields?: readonly FieldChange[];
}

export type PinDiffView =
  | {
      readonly state: 'ok';
      readonly name: string;
      readonly scope: string;
      readonly where: 'live' | 'deployed';
      readonly unchanged: number;
      readonly changed: readonly ChangedToolView[];
      /** With what the server says of them. */
      readonly added: readonly { readonly name: string; readonly definition: JsonObject }[];
      readonly removed: readonly string[];
      readonly invalid: readonly string[];
    }
  | {
      readonly state: 'failed';
      readonly name: string;
      readonly scope: string;
      readonly where: 'live' | 'deployed';
      readonly failure: string;
      readonly message: string;
    };

const pinnedPart = (tool: JsonObject): JsonObject =>
  Object.fromEntries(
    pinnedFields.filter((field) => tool[field] !== undefined).map((field) => [field, tool[field]]),
  );

const fieldChanges = (before: JsonObject, after: JsonObject): readonly FieldChange[] =>
  pinnedFields
    .filter((field) => !isDeepStrictEqual(before[field], after[field]))
    .map((field) => ({
      field,
      ...(before[field] === undefined ? {} : { before: before[field] }),
      ...(after[field] === undefined ? {} : { after: after[field] }),
    }));

const toolNamed = ({ tools }: PinDiff, name: string): JsonObject =>
  pinnedPart(tools.find((tool) => tool['name'] === name) ?? {});

export const pinDiffView = (diff: PinDiffOutcome): PinDiffView => {
  const { name, scope, where } = diff;
  if (diff.state === 'failed') {
    const { failure, message } = diff;
    return { state: 'failed', name, scope, where, failure, message };
  }
  const { unchanged, changed, added, removed, invalid } = diff.comparison;
  return {
    state: 'ok',
    name,
    scope,
    where,
    unchanged: unchanged.length,
    changed: changed.map((change) => {
      const before = diff.before.get(change.name);
      const after = toolNamed(diff, change.name);
      return before === undefined ? change : { ...change, fields: fieldChanges(before, after) };
    }),
    added: added.map((tool) => ({ name: tool, definition: toolNamed(diff, tool) })),
    removed,
    invalid,
  };
};

export const approvalView = (
  { name, scope }: PinDiff,
  { approved, forgotten, pins }: Approval,
  file: string | undefined,
) => ({
  name,
  scope,
  approved,
  forgotten,
  pinned: pins.size,
  ...(file === undefined ? {} : { file }),
});
export type ApprovalView = ReturnType<typeof approvalView>;
