/** Made by the build from the files of `lambdas/mcp/tools/`, in the order of their names. */
declare module 'drawbridge:tools' {
  export const toolFactories: readonly import('../../src/tools/tool-deps.ts').ToolFactory[];
}
