import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import * as z from 'zod';
import { chromium, type Browser } from '../../suites/playwright.ts';

const suites = join(import.meta.dirname, '..', '..', 'suites');
const packaged = join(suites, 'node_modules', '@sparticuz', 'chromium');

interface Program {
  readonly executablePath: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Where Chrome and Chromium are usually installed, by `process.platform`. */
const usualPlaces: Readonly<Record<string, readonly string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    '/snap/bin/chromium',
  ],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ],
};

/** The Chromium that came from npm, unpacked once beside its package, with the libraries and fonts a slim Linux lacks. */
const fromNpm = (): Program => {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(packaged, 'package.json'), 'utf8')));
  const directory = join(suites, 'node_modules', '.chromium', version);
  if (!existsSync(directory)) {
    mkdirSync(dirname(directory), { recursive: true });
    const unfinished = mkdtempSync(`${directory}-`);
    const { status, stderr } = spawnSync(process.execPath, [join(suites, 'unpack-chromium.mjs')], {
      env: { ...process.env, TMPDIR: unfinished },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`Chromium could not be unpacked: ${stderr}`);
    // Whole or not at all; another run may have been first.
    if (!existsSync(directory)) renameSync(unfinished, directory);
    rmSync(unfinished, { recursive: true, force: true });
  }
  const { LD_LIBRARY_PATH: libraries } = process.env;
  return {
    executablePath: join(directory, 'chromium'),
    env: {
      LD_LIBRARY_PATH: [join(directory, 'al2023', 'lib'), ...(libraries ? [libraries] : [])].join(
        delimiter,
      ),
      FONTCONFIG_PATH: join(directory, 'fonts'),
    },
  };
};

/** @throws Error that says what to set, when there is no browser: a test that needs one must not pass without. */
const findChromium = (): Program => {
  const { CHROMIUM_PATH: chosen } = process.env;
  if (chosen !== undefined && chosen !== '') {
    if (existsSync(chosen)) return { executablePath: chosen };
    throw new Error(`CHROMIUM_PATH names ${chosen}, and there is no such file.`);
  }
  if (process.platform === 'linux' && process.arch === 'x64') return fromNpm();
  const installed = (usualPlaces[process.platform] ?? []).find((path) => existsSync(path));
  if (installed !== undefined) return { executablePath: installed };
  throw new Error(
    'These tests need Chrome or Chromium, and none was found. Install one, or set CHROMIUM_PATH to its program.',
  );
};

/** Starts Chromium without a screen. It is shown pages of this machine only, so it does without its sandbox, as root must. */
export const launchChromium = async (): Promise<Browser> => {
  const { executablePath, env } = findChromium();
  try {
    return await chromium.launch({
      executablePath,
      env: { ...process.env, ...env },
    });
  } catch (cause) {
    throw new Error(
      `${executablePath} did not start. Set CHROMIUM_PATH to a Chrome or Chromium that does.`,
      { cause },
    );
  }
};
