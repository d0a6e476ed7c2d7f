import { specKey } from './spec-key.ts';
import type { UpstreamSpec } from './upstream-spec.ts';
import type { Upstream, UpstreamFacts, UpstreamRequest } from './upstream.ts';

/** Makes the connection to an upstream. */
export type ConnectUpstream = (spec: UpstreamSpec) => Upstream;

const maxUpstreams = 500;

/** An upstream that is made when it is asked first. */
class LazyUpstream implements Upstream {
  readonly #spec: UpstreamSpec;
  readonly #load: () => Promise<ConnectUpstream>;
  #upstream: Promise<Upstream> | undefined;

  constructor(spec: UpstreamSpec, load: () => Promise<ConnectUpstream>) {
    this.#spec = spec;
    this.#load = load;
  }

  async facts(
    request: Omit<UpstreamRequest, 'method' | 'params' | 'repeatable'>,
  ): Promise<UpstreamFacts> {
    return (await this.#made()).facts(request);
  }

  async request(request: UpstreamRequest) {
    return (await this.#made()).request(request);
  }

  async close(): Promise<void> {
    await (await this.#upstream)?.close();
  }

  #made(): Promise<Upstream> {
    return (this.#upstream ??= this.#load().then((connect) => connect(this.#spec)));
  }
}

/**
 * Keeps one connection for each spec. The code that makes them is loaded with the first, so that a container which only
 * serves tools of its own never pays for it.
 */
export const createUpstreamPool = (
  load: () => Promise<ConnectUpstream>,
): ((spec: UpstreamSpec) => Upstream) => {
  const upstreams = new Map<string, LazyUpstream>();
  let loading: Promise<ConnectUpstream> | undefined;
  const loadOnce = () => (loading ??= load());
  return (spec) => {
    const key = specKey(spec);
    const known = upstreams.get(key);
    if (known !== undefined) {
      upstreams.delete(key);
      upstreams.set(key, known);
      return known;
    }
    const made = new LazyUpstream(spec, loadOnce);
    upstreams.set(key, made);
    for (const [oldest, upstream] of [...upstreams].slice(0, -maxUpstreams)) {
      upstreams.delete(oldest);
      upstream.close().catch(() => undefined);
    }
    return made;
  };
};
