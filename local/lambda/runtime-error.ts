import * as z from 'zod';

const runtimeError = z.object({
  errorType: z.string().catch('Unhandled'),
  errorMessage: z.string().catch(''),
});

/** An error as a runtime reports it. `payload` is the report itself, the answer that the invoker gets. */
export interface RuntimeError extends z.infer<typeof runtimeError> {
  readonly payload: Buffer;
}

export const parseRuntimeError = (payload: Buffer): RuntimeError => {
  let document: unknown;
  try {
    document = JSON.parse(payload.toString());
  } catch {
    document = undefined;
  }
  const parsed = runtimeError.safeParse(document);
  return { ...(parsed.data ?? { errorType: 'Unhandled', errorMessage: '' }), payload };
};
