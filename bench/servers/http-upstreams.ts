import { FixtureTools } from '../../test/fixtures/upstreams/fixture-tools.ts';
import { startLegacySessions } from '../../test/fixtures/upstreams/legacy-http.ts';
import { startModern } from '../../test/fixtures/upstreams/modern-http.ts';
import { httpUpstreamsOptions, type HttpUpstreamsReady } from '../upstream-messages.ts';
import { givenOptions, serveParent } from './parent.ts';

/** HTTP servers of both protocol eras, by the SDKs, and one of many tools. */
const { manyTools } = httpUpstreamsOptions.parse(givenOptions());

const [legacy, modern, many] = await Promise.all([
  startLegacySessions(),
  startModern(),
  startModern({ moreTools: manyTools - new FixtureTools().list().length }),
]);

const ready: HttpUpstreamsReady = { legacy: legacy.url, modern: modern.url, many: many.url };
serveParent({ ready });
