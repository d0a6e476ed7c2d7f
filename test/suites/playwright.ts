/** From here, and not from where it is used: it is installed beside this file (scripts/ensure-suites.mjs). */
export { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
