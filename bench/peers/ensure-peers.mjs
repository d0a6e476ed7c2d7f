// Installs the programs that the bench measures beside Drawbridge, when the part that needs them runs.
import { installLocked } from '../../scripts/ensure-installed.mjs';

installLocked(
  import.meta.dirname,
  "Installing what Drawbridge is compared with: AWS's adapter, mcp-proxy, supergateway (once, 135 MB) …",
);
