/** The resource server that tokens for this API are of, and the one scope that calling it needs. */
export const resourceServerId = 'drawbridge';
export const mcpScopeName = `${resourceServerId}/mcp`;
