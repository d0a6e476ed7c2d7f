import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import * as z from 'zod';
import { signedFetch } from '../../src/signing/signed-fetch.ts';

/** Calls `search` as the IAM role whose credentials are in the environment, and prints what it found. */
const { DRAWBRIDGE_CI_URL, AWS_REGION, QUERY } = z
  .object({ DRAWBRIDGE_CI_URL: z.url(), AWS_REGION: z.string().min(1), QUERY: z.string() })
  .parse(process.env);

const client = new Client({ name: 'ci-job', version: '1.0.0' });
await client.connect(
  new StreamableHTTPClientTransport(new URL(DRAWBRIDGE_CI_URL), {
    fetch: signedFetch({ credentials: fromNodeProviderChain(), region: AWS_REGION }),
  }),
);
try {
  const { content, isError } = await client.callTool({
    name: 'search',
    arguments: { query: QUERY },
  });
  for (const part of content) if (part.type === 'text') process.stdout.write(`${part.text}\n`);
  if (isError === true) process.exitCode = 1;
} finally {
  await client.close();
}
