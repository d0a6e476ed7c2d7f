/** Directories that the build made, one for each function. */
export interface FunctionAssets {
  readonly authorizer: string;
  readonly mcp: string;
  readonly oauth: string;
  readonly preToken: string;
}
