/** What cannot be seen from outside, or not by a few requests, and how somebody can see it. */
export const manualChecks: readonly { readonly check: string; readonly todo: string }[] = [
  {
    check: 'tenant isolation',
    todo: 'with mcp.isolation perTenant: call as two tenants, and look for two log streams of the version that the alias names',
  },
  {
    check: 'long streams',
    todo: 'call a tool that says nothing for more than five minutes: API Gateway ends an idle stream then',
  },
  {
    check: 'managed rules',
    todo: 'a week with waf.mode count and real calls: which rules would have refused them (content/firewall.md)',
  },
  {
    check: 'sign-in',
    todo: 'where identity is configured: sign in with each client that is to be used (content/connect-clients.md)',
  },
  {
    check: '429',
    todo: 'call faster than a plan of rate 1 allows: the answer is JSON with Retry-After, and the client waits',
  },
  {
    check: 'cold start',
    todo: 'after a deployment: Init Duration of both functions on the dashboard, against bench/results',
  },
];
