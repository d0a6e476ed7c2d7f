import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The arrows between rooms: `zone('src', ...)` lists what code under src may never import. */
const zone = (target, ...from) =>
  from.map((room) => ({
    target: `./${target}`,
    from: `./${room}`,
    message: `${target}/ must not import ${room}/ (docs/architecture.md, "Arrows").`,
  }));

export default tseslint.config(
  { ignores: ['node_modules', 'cdk.out', '.drawbridge', 'bench/results', 'coverage'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'import-x/no-default-export': 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'import-x/no-restricted-paths': [
        'error',
        {
          zones: [
            ...zone('src', 'bin', 'lib', 'build', 'lambdas', 'local', 'cli', 'test', 'bench'),
            ...zone('lambdas', 'bin', 'lib', 'build', 'local', 'cli', 'test', 'bench'),
            ...zone('lib', 'bin', 'lambdas', 'local', 'cli', 'test', 'bench'),
            ...zone('build', 'bin', 'lib', 'local', 'cli', 'test', 'bench'),
            ...zone('cli', 'bin', 'lib', 'build', 'lambdas', 'local', 'test', 'bench'),
            ...zone('local', 'bin', 'lib', 'build', 'lambdas', 'cli', 'test', 'bench'),
          ],
        },
      ],
    },
  },
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
    rules: { 'import-x/no-default-export': 'off', 'no-console': 'off' },
  },
);
