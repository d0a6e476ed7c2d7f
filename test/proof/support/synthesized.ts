import type { TestProject } from 'vitest/node';
import { copyProofProject } from '../../../proof/support/proof-project.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The synthesized application of `proof/support/proof-project.ts`: one for all suites. */
    proofCdkOut: string;
  }
}

export default async (project: TestProject): Promise<() => void> => {
  const copy = await copyProofProject();
  project.provide('proofCdkOut', copy.cdkOut);
  return () => copy.remove();
};
