import { describe, expect, it } from 'vitest';
import { anOperation, answer, anUpstream, aRequest, callOf, text } from './support/openapi-rig.ts';

describe('an answer', () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ['[1,2]', { items: [1, 2] }],
    ['"x"', { value: 'x' }],
    ['null', { value: null }],
  ])('of JSON %s is structured content, and its text', async (body, structuredContent) => {
    expect(await callOf(answer(200, 'application/json; charset=utf-8', body))).toEqual({
      content: [text(JSON.stringify(structuredContent))],
      structuredContent,
    });
  });

  const outputSchema = {
    type: 'object',
    properties: { id: { type: 'string' } },
    required: ['id'],
  };
  const strict = { operation: anOperation({ outputSchema }) };

  it('that is not by its schema is an error with the answer in it', async () => {
    expect(await callOf(answer(200, 'application/json', '{"id":7}'), strict)).toEqual({
      isError: true,
      content: [
        text(
          'The server answered 200 in another form than its description says.\nid: must be string\n{"id":7}',
        ),
      ],
    });
    expect(await callOf(answer(204, undefined, ''), strict)).toMatchObject({ isError: true });
    expect(await callOf(answer(200, 'text/plain', 'ok'), strict)).toMatchObject({ isError: true });
    expect(await callOf(answer(200, 'application/json', '{"id":"7"}'), strict)).toEqual({
      content: [text('{"id":"7"}')],
      structuredContent: { id: '7' },
    });
  });

  it.each<[number, string | undefined, string | Buffer, unknown]>([
    [200, 'text/plain; charset=iso-8859-1', Buffer.from([0xe4]), { content: [text('ä')] }],
    [200, 'text/csv', 'a,b', { content: [text('a,b')] }],
    [200, 'application/atom+xml', '<a/>', { content: [text('<a/>')] }],
    [201, undefined, '', { content: [text('The server answered 201, with no content.')] }],
    [
      200,
      'image/png',
      Buffer.from([1, 2, 3]),
      { content: [{ type: 'image', data: 'AQID', mimeType: 'image/png' }] },
    ],
    [
      200,
      'application/pdf',
      'abc',
      {
        isError: true,
        content: [
          text('The server answered 200 with 3 bytes of application/pdf, which cannot be shown.'),
        ],
      },
    ],
    [
      200,
      'application/json',
      '{',
      { isError: true, content: [text('The server answered 200 with JSON that cannot be read.')] },
    ],
    [
      404,
      'application/problem+json',
      '{"title":"Gone"}',
      {
        isError: true,
        content: [text('The server refused the request with status 404.\n{"title":"Gone"}')],
      },
    ],
    [
      400,
      'text/html',
      '<h1>canary</h1>',
      { isError: true, content: [text('The server refused the request with status 400.')] },
    ],
    [
      500,
      'text/plain',
      'canary: at Object.<anonymous> (/srv/app.js:1)',
      { isError: true, content: [text('The server failed with status 500.')] },
    ],
  ])('%s %s', async (status, type, body, result) => {
    expect(await callOf(answer(status, type, body))).toEqual(result);
  });

  it('that refuses at length is cut', async () => {
    const result = await callOf(answer(422, 'text/plain', 'x'.repeat(5_000)));
    const [said] = result['content'] as { text: string }[];
    expect(said?.text.endsWith('x… (cut)')).toBe(true);
    expect(said?.text.length).toBeLessThan(2_100);
  });

  it('that is a redirect is not followed', async () => {
    let requests = 0;
    const result = await callOf((_, response) => {
      requests += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(requests).toBe(1);
    expect(result).toEqual({
      isError: true,
      content: [text('The server answered with status 302, which is not followed.')],
    });
  });

  it('to HEAD has no content, whatever its length would be', async () => {
    const operation = { ...anOperation(), method: 'HEAD' as const };
    const headers = { 'content-length': '99000000', 'content-type': 'application/json' };
    const upstream = anUpstream('http://127.0.0.1:1', {
      operation,
      deps: { fetch: async () => new Response('', { headers }) },
    });
    expect(await upstream.request(aRequest())).toEqual({
      content: [text('The server answered 200, with no content.')],
    });
  });
});
