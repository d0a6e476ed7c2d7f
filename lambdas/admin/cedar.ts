import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { Cedar } from '../../src/policy/cedar.ts';

/** A file of its own, since it reads 4 MB of WebAssembly when it is loaded: few requests are about policies. */
export const openCedar = (): Cedar => cedar;
