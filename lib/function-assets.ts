/** Directories that the build made, one for each function. */
export interface FunctionAssets {
  readonly authorizer: string;
  readonly mcp: string;
  readonly oauth: string;
  readonly preToken: string;
  readonly admin: string;
  /** One for each stdio server. */
  readonly sandboxes: readonly SandboxAsset[];
}

/** A sandbox function's code, or the context that its image is built from. */
export interface SandboxAsset {
  /** That of its server. */
  readonly name: string;
  readonly packaging: 'zip' | 'image';
  readonly directory: string;
}
