import type {
  DefinitionsRecord,
  PinRecord,
  UpstreamRecord,
  UpstreamScope,
} from './upstream-records.ts';

/** What the mcp function may do: read all live upstreams and all pins, each in a few pages. */
export interface UpstreamReader {
  /** By scope and name. @throws Error when the store cannot be reached. */
  listUpstreams(): Promise<readonly UpstreamRecord[]>;
  /**
   * By scope and server. @throws Error when the store cannot be reached or a pin cannot be read: left out, it would
   * let changed tools pass as new ones.
   */
  listPins(): Promise<readonly PinRecord[]>;
}

/**
 * What operators do with upstreams and their pins. Writes are single conditional items: a record of revision 1 is
 * written where there is none, one of revision n in the place of revision n - 1. A put answers false when that did not
 * hold, and the stored record is as it was.
 */
export interface UpstreamRegistry extends UpstreamReader {
  getUpstream(scope: UpstreamScope, name: string): Promise<UpstreamRecord | undefined>;
  /** @throws ItemTooLargeError */
  putUpstream(record: UpstreamRecord): Promise<boolean>;
  /** False when there was none. */
  deleteUpstream(scope: UpstreamScope, name: string): Promise<boolean>;
  getPins(scope: UpstreamScope, server: string): Promise<PinRecord | undefined>;
  /** @throws ItemTooLargeError */
  putPins(record: PinRecord): Promise<boolean>;
  /** With the definitions. False when there were none. */
  deletePins(scope: UpstreamScope, server: string): Promise<boolean>;
  getDefinitions(scope: UpstreamScope, server: string): Promise<DefinitionsRecord | undefined>;
  /** Whatever was there: a definition that is not the pinned one is not shown. @throws ItemTooLargeError */
  putDefinitions(record: DefinitionsRecord): Promise<void>;
}
