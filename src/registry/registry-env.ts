import * as z from 'zod';

/** What a function that reads the registry finds in its environment. */
export const registryEnv = z.object({ REGISTRY_TABLE_NAME: z.string().min(1) });
export type RegistryEnv = z.infer<typeof registryEnv>;
