import * as z from 'zod';

const named = z.object({ names: z.array(z.string()), text: z.string() });

/** What a client made of the gate: the names in its lists, and the texts of what it asked for. */
export const seen = z.object({
  /** As the client tells it; some do not. */
  protocolVersion: z.string().optional(),
  tools: z.array(z.string()),
  /** The text of `search`, of our own. */
  search: z.string(),
  /** The text of the upstream's `echo`. */
  echo: z.string(),
  /** Left out by a client that has no such API. */
  prompts: named.optional(),
  resources: named.optional(),
});

export type Seen = z.infer<typeof seen>;

/** What each client asks for. */
export const errand = {
  search: { name: 'search', arguments: { query: 'usage plan' } },
  echo: { name: 'everything_echo', arguments: { message: 'as it was sent: é, 日本, "' } },
  prompt: 'everything_simple-prompt',
  resource: 'demo://resource/static/document/architecture.md',
} as const;

/** As much of a client as both SDKs have, and those that are built like them. */
export interface SdkShaped {
  listTools(): Promise<{ tools: readonly { name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  listPrompts(): Promise<{ prompts: readonly { name: string }[] }>;
  getPrompt(params: { name: string }): Promise<{ messages: readonly { content: unknown }[] }>;
  listResources(): Promise<{ resources: readonly { uri: string }[] }>;
  readResource(params: { uri: string }): Promise<{ contents: readonly object[] }>;
}

const textOf = (content: unknown): string => {
  if (typeof content !== 'object' || content === null || !('text' in content)) {
    throw new Error(`no text in ${JSON.stringify(content)}`);
  }
  return String(content.text);
};

/** The one text of a result. @throws Error when the tool failed, or answered otherwise. */
export const toolText = (result: unknown): string => {
  const { isError, content } = result as { isError?: boolean; content?: readonly unknown[] };
  if (isError === true || content?.length !== 1) {
    throw new Error(`the tool answered ${JSON.stringify(result)}`);
  }
  return textOf(content[0]);
};

export const namesOf = (list: readonly { readonly name: string }[]): string[] =>
  list.map(({ name }) => name);

/** Runs the errand: the tools first, then two requests at a time. @throws Error of the client, or when an answer has no text. */
export const runErrand = async (client: SdkShaped): Promise<Seen> => {
  const { tools } = await client.listTools();
  const [search, echo] = await Promise.all([
    client.callTool({ ...errand.search }).then(toolText),
    client.callTool({ ...errand.echo }).then(toolText),
  ]);
  const [{ prompts }, { messages }] = await Promise.all([
    client.listPrompts(),
    client.getPrompt({ name: errand.prompt }),
  ]);
  const [{ resources }, { contents }] = await Promise.all([
    client.listResources(),
    client.readResource({ uri: errand.resource }),
  ]);
  return {
    tools: namesOf(tools),
    search,
    echo,
    prompts: { names: namesOf(prompts), text: textOf(messages[0]?.content) },
    resources: { names: resources.map(({ uri }) => uri), text: textOf(contents[0]) },
  };
};
