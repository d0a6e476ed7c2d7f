import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { cedarDeciders, type CreateDecider } from '../../src/policy/cedar-decider.ts';

/**
 * Cedar, which reads its WebAssembly when this file is loaded: a file of its own for the callers whom policies concern that are
 * not the shipped ones (docs/adr/0019-cedar.md).
 */
export const openCedar = (): CreateDecider => cedarDeciders(cedar);
