import { ItemTooLargeError } from '../registry/upstream-items.ts';
import type { PinRecord, UpstreamRecord } from '../registry/upstream-records.ts';
import { AdminError } from './admin-error.ts';
import type { AdminPorts } from './ports.ts';
import { reporting } from './upstream-failure.ts';

type Ports = Pick<AdminPorts, 'upstreams' | 'clock'>;

export const nowIso = ({ clock }: Pick<AdminPorts, 'clock'>): string =>
  new Date(clock()).toISOString();

/** "server weather", "server weather of tenant acme". */
export const titleOf = (name: string, scope: string): string =>
  scope === '*' ? `server "${name}"` : `server "${name}" of tenant "${scope}"`;

const conflict = (what: string): AdminError =>
  new AdminError(
    'CONFLICT',
    `${what} was changed by somebody else at the same time, and not by this command: look at it, then try again`,
  );

const tooLarge = (what: string, error: unknown): unknown =>
  error instanceof ItemTooLargeError
    ? new AdminError(
        'INVALID_INPUT',
        `${what} is too large to be stored (${error.message}): leave operations out of its document`,
        { cause: error },
      )
    : error;

/** A write may land and still be reported as refused (a retry that meets its own first attempt): what is stored decides. */
export const writeUpstream = async (
  { upstreams }: Ports,
  record: UpstreamRecord,
): Promise<UpstreamRecord> => {
  const what = titleOf(record.name, record.scope);
  return reporting(`write ${what}`, async () => {
    const put = upstreams.putUpstream(record).catch((error: unknown) => {
      throw tooLarge(what, error);
    });
    if (await put) return record;
    const stored = await upstreams.getUpstream(record.scope, record.name);
    const isOurs = stored?.revision === record.revision && stored.updatedAt === record.updatedAt;
    if (isOurs && stored.enabled === record.enabled) return record;
    throw conflict(what);
  });
};

export const writePins = async ({ upstreams }: Ports, record: PinRecord): Promise<PinRecord> => {
  const what = `the pins of ${titleOf(record.server, record.scope)}`;
  return reporting(`write ${what}`, async () => {
    const put = upstreams.putPins(record).catch((error: unknown) => {
      throw tooLarge(what, error);
    });
    if (await put) return record;
    const stored = await upstreams.getPins(record.scope, record.server);
    const isOurs = stored?.revision === record.revision && stored.approvedAt === record.approvedAt;
    if (isOurs) return record;
    throw conflict(what);
  });
};
