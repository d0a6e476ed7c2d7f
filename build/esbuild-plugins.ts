import { readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Takes Node's own modules by `process.getBuiltinModule` instead of `require`. It skips the module loader, and in
 * an ES module it would also skip the facade of `node:http` that loads undici (docs/adr/0004-bundle-format.md).
 */
export const builtinsDirectly = (): Plugin => ({
  name: 'builtins-directly',
  setup: (build) => {
    const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    build.onResolve({ filter: /^(node:)?[a-z_]+(\/[a-z_]+)?$/ }, ({ path }) =>
      names.has(path) ? { path, namespace: 'builtin' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: 'js',
    }));
  },
});

/** The tool files of a folder, in the order of their names. Tests and declarations are not tools. */
export const toolFiles = (directory: string): readonly string[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith('.ts') && !/\.(test|d)\.ts$/.test(file))
    .sort()
    .map((file) => join(directory, file));

/** Makes `drawbridge:tools` export what every file of the folder exports as `createTool`: one file, one tool. */
export const toolsOf = (directory: string): Plugin => ({
  name: 'tools-of-a-folder',
  setup: (build) => {
    build.onResolve({ filter: /^drawbridge:tools$/ }, () => ({
      path: 'tools',
      namespace: 'drawbridge',
    }));
    build.onLoad({ filter: /^tools$/, namespace: 'drawbridge' }, () => {
      const files = toolFiles(directory);
      const imports = files.map(
        (file, index) => `import { createTool as tool${index} } from ${JSON.stringify(file)};`,
      );
      const names = files.map((_, index) => `tool${index}`).join(', ');
      return {
        contents: `${imports.join('\n')}\nexport const toolFactories = [${names}];`,
        loader: 'ts',
        resolveDir: directory,
        watchDirs: [directory],
      };
    });
  },
});

/** Leaves `import('./x.ts')` to run time, as the file `x.cjs` beside the bundle: what is loaded then costs no cold start. */
export const loadedLater = (): Plugin => ({
  name: 'loaded-later',
  setup: (build) => {
    build.onResolve({ filter: /^\.\/[\w-]+\.ts$/ }, ({ path, kind }) =>
      kind === 'dynamic-import'
        ? { path: path.replace(/\.ts$/, '.cjs'), external: true }
        : undefined,
    );
  },
});

/**
 * The SDK brings ajv, a quarter of a bundle, for schemas that it compiles when a server elicits or a client calls a tool by
 * `callTool`. Functions do neither: their part of the SDK has a validator that refuses by name (docs/adr/0004-bundle-format.md).
 * It is found by the subpath that the SDK itself takes it from, by platform; an export that it lacks fails the build.
 */
export const withoutSchemaCompilers = (): Plugin => ({
  name: 'without-schema-compilers',
  setup: (build) => {
    build.onResolve({ filter: /^@modelcontextprotocol\/(client|server)\/_shims$/ }, ({ path }) => ({
      path,
      namespace: 'shims',
    }));
    build.onLoad({ filter: /.*/, namespace: 'shims' }, () => ({
      contents: `
        export class DefaultJsonSchemaValidator {
          getValidator() { throw new Error('Functions compile no JSON Schemas.'); }
        }
        export const CORS_IS_POSSIBLE = false;
        export const { process } = globalThis;
      `,
      loader: 'js',
    }));
  },
});
