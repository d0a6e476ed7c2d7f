// Installs the MCP clients that are run against the gate, when they are first needed.
import { installLocked } from '../../../scripts/ensure-installed.mjs';

installLocked(
  import.meta.dirname,
  'Installing the clients of the interop matrix: Inspector, mcp-remote, AI SDK, OpenAI Agents, LangChain (once, 266 MB) …',
);
