import { availableParallelism } from 'node:os';
import { copyProofProject } from '../support/proof-project.ts';
import type { Row } from '../support/result.ts';
import type { Suite } from '../support/suite.ts';
import { soak, type Grown, type Measure, type Soaked } from './soak.ts';
import { startSoakRig } from './soak-rig.ts';

const texts: Readonly<Record<Measure, string>> = {
  heapBytes: 'heap and buffers, MB',
  rssBytes: 'resident, MB',
  handles: 'handles',
  processes: 'processes',
};

const shown = (measure: Measure, value: number): string => {
  if (measure === 'heapBytes' || measure === 'rssBytes') return (value / 1_048_576).toFixed(1);
  return value.toFixed(measure === 'handles' ? 1 : 0);
};

const grownRow = ({ kind, measure, first, last, allowed, grows }: Grown): Row => ({
  cells: [
    `${kind}: ${texts[measure]}`,
    ...[first, last, allowed].map((value) => shown(measure, value)),
    grows ? 'GROWS' : 'stays',
  ],
  ok: !grows,
});

const laneRows = ({ lanes, errors }: Soaked): Row[] =>
  Object.entries(lanes).map(([lane, { calls, provoked, unexpected, slowestMs }]) => ({
    cells: [
      `${lane}: ${calls} calls, ${provoked} made to fail`,
      '–',
      '–',
      `slowest ${slowestMs} ms`,
      unexpected === 0 ? 'each as expected' : `${unexpected} UNEXPECTED`,
    ],
    ok: unexpected === 0,
    ...(unexpected === 0 ? {} : { why: errors.join('; ') }),
  }));

const withoutProblems = ({ problems }: Soaked): Row => ({
  cells: ['what went wrong in the twin itself', '–', String(problems.length), '0', 'none'],
  ok: problems.length === 0,
  why: problems.slice(0, 5).join('; '),
});

export const rowsOf = (soaked: Soaked): Row[] => [
  ...laneRows(soaked),
  ...soaked.grown.map(grownRow),
  withoutProblems(soaked),
];

const warmUpSeconds = 60;

export const soakSuite = (minutes: number): Suite => ({
  name: 'soak',
  run: async (say) => {
    const project = await copyProofProject();
    try {
      const rig = await startSoakRig(project.cdkOut);
      try {
        const soaked = await soak(rig, { seconds: minutes * 60, warmUpSeconds, say });
        const { calls, stateBytesPerThousandCalls: bytes } = soaked;
        return {
          title: 'Endurance',
          about:
            'A steady load of all lanes over our own tools and upstreams of every kind, with lists, prompts, resources and errors that are made on ' +
            'purpose and expected to the letter. The twin and the processes below it must need no more in the last third than in the ' +
            'first: medians, with what may be more in the fourth column; what is above it counts when the second half, too, rises. Heaps are ' +
            'looked at after a collection; memory and handles are those of one process of a kind. A leak of a twentieth of a heap, or of 2 MB, ' +
            'is found whatever it is of.',
          command: 'npm run soak',
          versions: {},
          columns: ['what', 'first third', 'last third', 'may grow by', 'verdict'],
          rows: rowsOf(soaked),
          summary:
            `${calls} calls in ${minutes} minutes after one of warm-up, on ${availableParallelism()} cores. What is kept on disk, logs above all, ` +
            `grew by ${(bytes / 1024).toFixed(0)} KB for 1,000 calls; each log is cut at 40 MB.`,
        };
      } finally {
        await rig.close();
      }
    } finally {
      project.remove();
    }
  },
});
