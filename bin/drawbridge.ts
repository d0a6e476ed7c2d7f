import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { buildEnvironment } from '../build/build-environment.ts';
import { addEnvironment } from '../lib/environment-stacks.ts';
import { environmentsIn, loadConfig } from '../lib/config.ts';
import { addSecurityChecks } from '../lib/security-checks.ts';

// What is wrong is in the message; the stack would be of the CDK's inside. The App synthesizes itself when the
// process ends, so its findings come this way too.
process.once('uncaughtException', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});

const projectDirectory = dirname(import.meta.dirname);
const configDirectory = join(projectDirectory, 'config');
// The CLI would turn this off, to report by itself: a finding must fail every synth, whoever runs it.
const app = new App({ postCliContext: { '@aws-cdk/core:failSynthOnValidationErrors': true } });
const env = String(app.node.tryGetContext('env') ?? 'dev');
const config = loadConfig(configDirectory, env);
const { bundles, upstreams, warnings } = await buildEnvironment({
  projectDirectory,
  env,
  knownEnvs: environmentsIn(configDirectory),
  config,
  environment: process.env,
});
process.once('exit', () => rmSync(bundles.directory, { recursive: true, force: true }));
for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
addEnvironment(app, { envName: env, config, bundles, upstreams });
addSecurityChecks(app);
