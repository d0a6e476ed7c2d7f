import { compileOpenApi } from '../build/openapi/compile-openapi.ts';
import { UpstreamConfigError } from '../src/upstreams/mcp-servers.ts';

/** Prints the tools of an OpenAPI document as JSON, or what is wrong with it. For the CLI, which does not import the build. */
const [file = ''] = process.argv.slice(2);

const outcome = async (): Promise<object> => {
  try {
    const { tools, warnings } = await compileOpenApi(file);
    return { tools, warnings };
  } catch (error) {
    if (error instanceof UpstreamConfigError) return { problems: error.problems };
    throw error;
  }
};

process.stdout.write(JSON.stringify(await outcome()));
