import { printable } from './io.ts';
import { diffLines } from './line-diff.ts';
import type { ApprovalView, ChangedToolView, FieldChange, PinDiffView } from './pin-views.ts';

/** What a person reads of pins. Everything a server wrote is made printable. */

const serverTitle = ({ name, scope }: { readonly name: string; readonly scope: string }): string =>
  scope === '*' ? name : `${name} of tenant ${scope}`;

/** Keys are sorted: the approved definition is canonical, the server's is as it came. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]));
};

const linesOf = (value: unknown): readonly string[] => {
  if (value === undefined) return [];
  const text = typeof value === 'string' ? value : JSON.stringify(sorted(value), null, 2);
  return text.split('\n').map(printable);
};

const indented = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => `      ${line}`.trimEnd());

const fieldLines = ({ field, before, after }: FieldChange): readonly string[] => [
  `    ${field}`,
  ...indented(diffLines(linesOf(before), linesOf(after))),
];

const changedLines = ({ name, before, after, fields }: ChangedToolView): readonly string[] => [
  `  changed  ${printable(name)}  (hidden until approved)`,
  ...(fields === undefined
    ? [`    the approved definition was not kept; its hash was ${before}, and is ${after}`]
    : fields.flatMap(fieldLines)),
];

const addedLines = ({
  name,
  definition,
}: {
  readonly name: string;
  readonly definition: Readonly<Record<string, unknown>>;
}): readonly string[] => [
  `  new      ${printable(name)}`,
  ...(typeof definition['description'] === 'string'
    ? indented(linesOf(definition['description']).map((line) => `+ ${line}`))
    : []),
];

export const pinDiffLines = (view: PinDiffView): readonly string[] => {
  const title = serverTitle(view);
  if (view.state === 'failed') {
    return [`${title}: could not be compared (${view.failure}): ${printable(view.message)}`];
  }
  const { unchanged, changed, added, removed, invalid } = view;
  const differing = changed.length + added.length + removed.length + invalid.length;
  if (differing === 0) return [`${title}: all ${unchanged} tools are as approved`];
  return [
    `${title}: ${unchanged} as approved, ${changed.length} changed, ${added.length} new, ${removed.length} removed`,
    ...changed.flatMap(changedLines),
    ...added.flatMap(addedLines),
    ...removed.map((name) => `  removed  ${printable(name)}`),
    ...invalid.map(
      (name) => `  unusable ${printable(name) || '(no name)'}  (listed twice, or not readable)`,
    ),
  ];
};

export const pinDiffText = (views: readonly PinDiffView[]): string => {
  if (views.length === 0) return 'No servers yet. Add one: npx drawbridge upstreams add';
  const differing = views.find(
    (view) =>
      view.state === 'ok' && view.changed.length + view.added.length + view.removed.length > 0,
  );
  return [
    ...views.flatMap((view, index) => [...(index > 0 ? [''] : []), ...pinDiffLines(view)]),
    ...(differing === undefined
      ? []
      : ['', `Approve: npx drawbridge pins approve ${differing.name} --all, or --tool <name> …`]),
  ].join('\n');
};

export const approvalText = (views: readonly ApprovalView[]): string =>
  views
    .map((view) => {
      const { approved, forgotten, pinned, file } = view;
      const title = serverTitle(view);
      if (approved.length + forgotten.length === 0 && file === undefined) {
        return `Server ${title}: all tools were approved already. Nothing changed.`;
      }
      const parts = [
        ...(approved.length > 0 ? [`${approved.length} approved`] : []),
        ...(forgotten.length > 0 ? [`${forgotten.length} removed`] : []),
        `${pinned} pinned`,
      ];
      return [
        `Server ${title}: ${parts.join(', ')}. Running functions follow within 30 seconds.`,
        ...(file === undefined ? [] : [`Written to ${file}: commit it.`]),
      ].join('\n');
    })
    .join('\n');
