/** Directories that the build made, one for each function. */
export interface FunctionAssets {
  readonly authorizer: string;
  readonly mcp: string;
  readonly oauth: string;
  readonly preToken: string;
  readonly admin: string;
  readonly handshake: string;
  /** One for each stdio server. */
  readonly sandboxes: readonly SandboxAsset[];
  /** The tools that the build found, by name, as `toolFlags` writes them. */
  readonly ownTools: Readonly<Record<string, string>>;
}

/** A sandbox function's code, or the context that its image is built from. */
export interface SandboxAsset {
  /** That of its server. */
  readonly name: string;
  readonly packaging: 'zip' | 'image';
  readonly directory: string;
}
