import { openAudit, recorded, withAudit, type AdminOperation } from '../src/admin/admin-audit.ts';
import type { Actor } from '../src/admin/operator.ts';
import type { AdminPorts } from '../src/admin/ports.ts';
import type { Operation, VerbContext } from './verbs/context.ts';

/** A deployment, and who operates it. */
export type Connection = AdminPorts & {
  /** Whose credentials these are, as AWS says. */
  readonly identify: () => Promise<Actor>;
};

const operationOf = ([name, target, more]: Operation): AdminOperation => ({
  method: `admin/${name}`,
  target,
  ...more,
});

/** How the verbs reach the deployment: never without the audit. */
export const operations = (
  connect: () => Promise<Connection>,
): Pick<VerbContext, 'operate' | 'operateMaybe'> => ({
  operate: async (operation, run) => {
    const ports = await connect();
    const actor = await ports.identify();
    return withAudit(ports, actor, operationOf(operation), () => run(ports, actor));
  },
  operateMaybe: async (operation, run) => {
    const opened: { readonly ports: Connection; readonly actor: Actor }[] = [];
    const outcome = await settled(() =>
      run(async () => {
        const ports = await connect();
        const actor = await ports.identify();
        await openAudit(ports);
        opened.push({ ports, actor });
        return ports;
      }),
    );
    const [connection] = opened;
    if (connection === undefined) return outcome();
    const { ports, actor } = connection;
    return recorded(ports, actor, operationOf(operation), async () => outcome());
  },
});

/** What a call came to, to be answered or thrown later. */
const settled = async <T>(call: () => Promise<T>): Promise<() => T> => {
  try {
    const result = await call();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
};
