// `TMPDIR=DIRECTORY node unpack-chromium.mjs`: unpacks the Chromium of @sparticuz/chromium, its fonts and the libraries
// that a slim Linux lacks into DIRECTORY. The package unpacks into the temp directory of its process and nowhere else;
// in a process of its own that can be one which nobody else can write to.
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import chromium, { inflate } from '@sparticuz/chromium';

const build = dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium')));
await chromium.executablePath();
await inflate(join(dirname(build), 'bin', 'al2023.tar.br'));
// Its own looks for the fonts in /tmp/fonts.
writeFileSync(
  join(tmpdir(), 'fonts', 'fonts.conf'),
  '<?xml version="1.0"?><fontconfig><dir prefix="relative">fonts</dir></fontconfig>\n',
);
