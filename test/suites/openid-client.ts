/** From here, and not from where it is used: it is installed beside this file (scripts/ensure-suites.mjs). */
export * as openid from 'openid-client';
