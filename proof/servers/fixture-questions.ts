import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { text } from './fixture-media.ts';

/** One key for all processes: another sandbox may hear the answer. It keeps nothing secret. */
export const questionState = createRequestStateCodec<string>({
  key: 'the conformance fixture keeps no secrets',
});

const done = (value: string) => ({ content: [text(value)] });

const form = (message: string, properties: Record<string, object>) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties, required: Object.keys(properties) } as never,
  });
const askName = form('Who are you?', { name: { type: 'string' } });
const askColour = form('Which colour do you like?', { color: { type: 'string' } });
const askConsent = form('Do you agree?', { ok: { type: 'boolean' } });
const sample = (prompt: string) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: text(prompt) }],
    maxTokens: 100,
  });

type Requests = Readonly<Record<string, ReturnType<typeof inputRequired.elicit>>>;

const capabilitiesOf = ({ mcpReq }: ServerContext): Readonly<Record<string, unknown>> => {
  const envelope = (mcpReq.envelope ?? {}) as Readonly<Record<string, object | undefined>>;
  return { ...envelope[CLIENT_CAPABILITIES_META_KEY] };
};

/** Asks until every question has an answer of any kind. */
const askAll = ({ mcpReq }: ServerContext, inputRequests: Requests) => {
  const answers = mcpReq.inputResponses ?? {};
  return Object.keys(inputRequests).every((key) => typeof answers[key] === 'object')
    ? done(JSON.stringify(answers))
    : inputRequired({ inputRequests });
};

/** As `askAll`, and tells the rounds apart by a state of its own. */
const askWithState = async ({ mcpReq }: ServerContext, inputRequests: Requests, state: string) =>
  mcpReq.requestState<string>() === state
    ? done('state-ok')
    : inputRequired({ inputRequests, requestState: await questionState.mint(state) });

const twoRounds = async ({ mcpReq }: ServerContext) => {
  switch (mcpReq.requestState<string>()) {
    case undefined:
      return inputRequired({
        inputRequests: { step1: askName },
        requestState: await questionState.mint('asked a name'),
      });
    case 'asked a name':
      return inputRequired({
        inputRequests: { step2: askColour },
        requestState: await questionState.mint('asked a colour'),
      });
    default:
      return done('Both rounds are over.');
  }
};

const defaults = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};

const titled = (values: readonly string[]) =>
  values.map((value) => ({ const: value, title: value.toUpperCase() }));
const plainValues = ['option1', 'option2', 'option3'];
const titledValues = ['value1', 'value2', 'value3'];
const enums = {
  untitledSingle: { type: 'string', enum: plainValues },
  titledSingle: { type: 'string', oneOf: titled(titledValues) },
  legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['One', 'Two'] },
  untitledMulti: { type: 'array', items: { type: 'string', enum: plainValues } },
  titledMulti: { type: 'array', items: { anyOf: titled(titledValues) } },
};

/** Tools and a prompt that ask their caller. A client of 2025 is asked in the midst of the call. */
export const addQuestions = (server: McpServer): void => {
  const ask = (name: string, inputRequests: Requests) =>
    server.registerTool(name, { description: 'Asks its caller.' }, (context) =>
      askAll(context, inputRequests),
    );

  server.registerTool(
    'test_input_required_result_elicitation',
    { description: 'Asks for a name until it has one.' },
    ({ mcpReq }) => {
      const answer = acceptedContent<{ name?: unknown }>(mcpReq.inputResponses, 'user_name');
      return typeof answer?.name === 'string'
        ? done(`Welcome, ${answer.name}.`)
        : inputRequired({ inputRequests: { user_name: askName } });
    },
  );
  ask('test_input_required_result_sampling', { capital_question: sample('Name a capital.') });
  // Which the SDK refuses for a client that does not sample.
  ask('test_missing_capability', { sample: sample('Name a mountain.') });
  ask('test_input_required_result_list_roots', { client_roots: inputRequired.listRoots() });
  server.registerTool(
    'test_input_required_result_capabilities',
    { description: 'Asks what its caller can be asked.' },
    (context) => {
      const declared = capabilitiesOf(context);
      return askAll(context, {
        ...(declared['sampling'] === undefined ? {} : { question: sample('Name a river.') }),
        ...(declared['elicitation'] === undefined ? {} : { user_name: askName }),
      });
    },
  );
  for (const name of ['request_state', 'tampered_state']) {
    server.registerTool(
      `test_input_required_result_${name}`,
      { description: 'Knows its question again by a state.' },
      (context) => askWithState(context, { confirm: askConsent }, name),
    );
  }
  server.registerTool(
    'test_input_required_result_multiple_inputs',
    { description: 'Asks three things at once.' },
    (context) =>
      askWithState(
        context,
        {
          user_name: askName,
          greeting: sample('Greet somebody.'),
          client_roots: inputRequired.listRoots(),
        },
        'three',
      ),
  );
  server.registerTool(
    'test_input_required_result_multi_round',
    { description: 'Asks twice.' },
    twoRounds,
  );
  ask('test_streaming_elicitation', { user_name: askName });
  ask('test_elicitation_sep1034_defaults', { values: form('Is this right?', defaults) });
  ask('test_elicitation_sep1330_enums', { choices: form('Which ones?', enums) });
  server.registerTool(
    'test_sampling',
    { description: 'Samples.', inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, context) => askAll(context, { sample: sample(prompt) }),
  );
  server.registerTool(
    'test_elicitation',
    { description: 'Asks who its caller is.', inputSchema: z.object({ message: z.string() }) },
    ({ message }, context) =>
      askAll(context, {
        who: form(message, { username: { type: 'string' }, email: { type: 'string' } }),
      }),
  );
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks what it is about.' },
    ({ mcpReq }) => {
      const answer = acceptedContent(mcpReq.inputResponses, 'user_context');
      return answer === undefined
        ? inputRequired({
            inputRequests: {
              user_context: form('What is it about?', { context: { type: 'string' } }),
            },
          })
        : { messages: [{ role: 'user', content: text(JSON.stringify(answer)) }] };
    },
  );
};
