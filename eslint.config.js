import tseslint from 'typescript-eslint';

/** The rooms that code of each room may not import (docs/architecture.md, "Arrows"). */
const forbidden = {
  src: ['bin', 'lib', 'build', 'lambdas', 'local', 'cli', 'test', 'bench', 'proof'],
  lambdas: ['bin', 'lib', 'build', 'local', 'cli', 'test', 'bench', 'proof'],
  lib: ['bin', 'build', 'lambdas', 'local', 'cli', 'test', 'bench', 'proof'],
  build: ['bin', 'lib', 'local', 'cli', 'test', 'bench', 'proof'],
  cli: ['bin', 'lib', 'build', 'lambdas', 'local', 'test', 'bench', 'proof'],
  local: ['bin', 'lib', 'build', 'lambdas', 'cli', 'test', 'bench', 'proof'],
};

const arrows = Object.entries(forbidden).map(([room, others]) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+(${others.join('|')})/`,
            message: `${room}/ must not import ${others.join(', ')} (docs/architecture.md, "Arrows").`,
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules', 'cdk.out', '.drawbridge', 'bench/results', 'coverage'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'ExportAllDeclaration', message: 'Say what is exported.' },
        {
          // 350 KB of every bundle (docs/adr/0004-bundle-format.md).
          selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier[imported.name='z']",
          message: "Write import * as z from 'zod', so that esbuild drops what is unused.",
        },
      ],
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  ...arrows,
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Env is parsed in composition roots only.' },
      ],
    },
  },
  {
    files: ['*.config.ts', 'test/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-restricted-syntax': 'off', 'no-console': 'off' },
  },
);
