import assert from 'node:assert/strict';
import type { Attack } from '../attack.ts';
import { ask, browserOf, errorOf, isErrorPage, sealedOf } from '../oauth-flow.ts';
import type { Scene } from '../scene.ts';
import { oauthFamily } from './oauth-family.ts';

const csrf = oauthFamily(
  'CSRF, login CSRF and forged state',
  'OAuth function: sealed to the cookie of this browser (src/oauth/browser-binding.ts, src/sealing/sealer.ts, ADR 0011)',
);
const mixUp = oauthFamily(
  'mix-up of authorization servers',
  'OAuth function: iss in every answer, one issuer in discovery (RFC 9207, src/oauth/authorization.ts)',
);

const decide = (scene: Scene, form: Record<string, string>, cookie?: string) =>
  scene.send({
    path: '/oauth/authorize',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(cookie === undefined ? {} : { cookie }),
    },
    body: new URLSearchParams(form).toString(),
  });

const forgeries: readonly (readonly [
  id: string,
  attack: string,
  run: (
    scene: Scene,
    own: { readonly sealed: string; readonly cookie: string },
  ) => Promise<unknown>,
])[] = [
  [
    'no-cookie',
    "a form of another site: the person's consent without the cookie",
    (scene, { sealed }) => decide(scene, { request: sealed, decision: 'allow' }),
  ],
  [
    'other-cookie',
    'a request of one browser answered by another',
    async (scene, { sealed }) =>
      decide(scene, { request: sealed, decision: 'allow' }, browserOf(await ask(scene))),
  ],
  [
    'two-cookies',
    'a planted cookie beside the right one',
    async (scene, { sealed, cookie }) =>
      decide(
        scene,
        { request: sealed, decision: 'allow' },
        `${cookie}; ${browserOf(await ask(scene))}`,
      ),
  ],
  [
    'tampered',
    'one character of the sealed request changed',
    (scene, { sealed, cookie }) =>
      decide(
        scene,
        {
          request: `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`,
          decision: 'allow',
        },
        cookie,
      ),
  ],
  [
    'skipped',
    'consent skipped: the sealed request as state of the callback',
    (scene, { sealed, cookie }) =>
      scene.send({
        method: 'GET',
        path: `/oauth/callback?${new URLSearchParams({ code: 'stolen', state: sealed }).toString()}`,
        headers: { cookie },
      }),
  ],
  [
    'made-up-state',
    'a callback with a state that was made up',
    (scene, { cookie }) =>
      scene.send({
        method: 'GET',
        path: '/oauth/callback?code=stolen&state=AAAAAAAA.AAAA',
        headers: { cookie },
      }),
  ],
];

const forged = ([id, attack, run]: (typeof forgeries)[number]): Attack => ({
  ...csrf(`csrf-${id}`, attack),
  run: async (scene) => {
    const page = await ask(scene);
    assert.equal(page.status, 200);
    await run(scene, { sealed: sealedOf(page), cookie: browserOf(page) });
    const last = scene.replies.at(-1);
    assert.ok(last);
    isErrorPage(last);
  },
});

export const csrfAttacks: readonly Attack[] = [
  ...forgeries.map(forged),
  {
    ...mixUp('mix-up-documents', 'discovery documents, looked through for a second issuer'),
    run: async ({ send, url }) => {
      for (const name of ['oauth-authorization-server', 'openid-configuration']) {
        const reply = await send({ method: 'GET', path: `/.well-known/${name}` });
        assert.equal(reply.json['issuer'], url);
        assert.equal(reply.json['authorization_response_iss_parameter_supported'], true);
        for (const key of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint']) {
          assert.ok(String(reply.json[key]).startsWith(`${url}/oauth/`), key);
        }
      }
    },
  },
  {
    ...mixUp('repeated', 'client_id, redirect_uri and state twice'),
    rule: 'OAuth function: a parameter is sent once (src/oauth/parameters.ts)',
    run: async (scene) => {
      isErrorPage(await ask(scene, {}, '&client_id=evil'));
      isErrorPage(
        await ask(scene, {}, `&redirect_uri=${encodeURIComponent('https://evil.example')}`),
      );
      const answer = errorOf(await ask(scene, {}, '&state=forged'));
      assert.deepEqual([answer.get('error'), answer.get('state')], ['invalid_request', null]);
    },
  },
];
