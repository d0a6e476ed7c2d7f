import { FixtureTools } from '../../test/fixtures/upstreams/fixture-tools.ts';
import { startModern } from '../../test/fixtures/upstreams/modern-http.ts';
import { givenOptions, serveParent } from '../servers/parent.ts';
import { growthUpstreamsOptions } from './messages.ts';

/** One HTTP server for each number of tools. */
const { sizes } = growthUpstreamsOptions.parse(givenOptions());
const least = new FixtureTools().list().length;
const urls: Record<string, string> = {};
for (const size of sizes) {
  const { url } = await startModern({ moreTools: Math.max(0, size - least) });
  urls[size] = url;
}
serveParent({ ready: { urls } });
