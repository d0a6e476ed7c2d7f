import { performance } from 'node:perf_hooks';
import { copyProofProject } from '../support/proof-project.ts';
import type { Suite } from '../support/suite.ts';
import { runAttack, type Attack } from './attack.ts';
import { attacks } from './entries.ts';
import { openScene, type Scene } from './scene.ts';

export interface Judged {
  readonly attack: Attack;
  /** Of one that was not stopped. */
  readonly why?: string;
  readonly ms: number;
}

const judge = async (attack: Attack, scene: Scene): Promise<Judged> => {
  const from = performance.now();
  const ms = () => Math.round(performance.now() - from);
  try {
    await runAttack(attack, scene);
    return { attack, ms: ms() };
  } catch (error) {
    return { attack, why: error instanceof Error ? error.message : String(error), ms: ms() };
  }
};

const longestCell = 170;
const cut = (text: string): string =>
  text.length <= longestCell ? text : `${text.slice(0, longestCell - 1).replace(/\s+\S*$/u, '')} …`;
const cellOf = (text: string): string => cut(text.replaceAll('|', '\\|').replaceAll('\n', ' '));

const rowOf = (judged: readonly Judged[]) => {
  const [first] = judged;
  if (first === undefined) throw new Error('a family has attacks');
  const failed = judged.filter(({ why }) => why !== undefined);
  const rules = new Set(judged.map(({ attack }) => attack.rule));
  return {
    cells: [
      first.attack.category,
      first.attack.family,
      String(judged.length),
      String(judged.length - failed.length),
      cellOf([...rules].join('; ')),
    ],
    ok: failed.length === 0,
    ...(failed.length === 0
      ? {}
      : { why: failed.map(({ attack, why }) => `${attack.id}: ${why}`).join('; ') }),
  };
};

export interface AttackSuiteOptions {
  /** Of each kind, for what is told by time. */
  readonly samples: number;
  /** Hears of all attacks when they are over. */
  readonly onJudged: (judged: readonly Judged[]) => void;
}

export const attackSuite = ({ samples, onJudged }: AttackSuiteOptions): Suite => ({
  name: 'attack',
  run: async (say) => {
    const copy = await copyProofProject();
    let scene: Scene | undefined;
    try {
      scene = await openScene(copy.cdkOut, { samples });
      const judged: Judged[] = [];
      for (const attack of attacks) {
        const verdict = await judge(attack, scene);
        judged.push(verdict);
        const outcome = verdict.why === undefined ? 'stopped' : `NOT STOPPED: ${verdict.why}`;
        say(`${attack.id}  ${outcome}  ${verdict.ms} ms`);
      }
      onJudged(judged);
      const families = Map.groupBy(judged, ({ attack }) => attack.family);
      const stopped = judged.filter(({ why }) => why === undefined).length;
      return {
        title: 'Attacks',
        about:
          'Attacks over real sockets against the deployment, by category of the OWASP API Security Top 10 (2023) and of MCP’s security best practices. An attack counts as stopped when it gets exactly the refusal that it must get, no answer to it holds a secret or tells of the inside, nothing was connected to or called behind it, and an honest call is served right after it. Where no attack is possible over a socket, the part is attacked in process. [Threat model](threat-model.md) says what remains.',
        command: 'npm run attack',
        versions: {},
        columns: ['category', 'attacks', 'tried', 'stopped', 'by what'],
        rows: [...families.values()].map(rowOf),
        summary: `${stopped} of ${judged.length} attacks were stopped; ${samples} pairs of requests were timed.`,
      };
    } finally {
      await scene?.close();
      copy.remove();
    }
  },
});
