import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './command.ts';
import { json } from './output.ts';

export const command: Command = {
  name: 'version',
  usage: '[--json]',
  summary: 'Prints the version, and that of Node.js and OpenSSL beneath.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  examples: ['causeway version'],
  async run(input, io) {
    const { version } = packageFile();
    const { node, openssl } = process.versions;
    if (input.flag('json')) io.out(json({ causeway: version, node, openssl }));
    else
      io.out(`causeway ${version} (node ${node}, openssl ${openssl}, ${process.platform} ${process.arch})\n`);
    return 0;
  },
};

/** package.json stands two folders up from src/cli and from dist/cli alike. */
export function packageFile(): { version: string } {
  const path = join(import.meta.dirname, '..', '..', 'package.json');
  return JSON.parse(readFileSync(path, 'utf8')) as { version: string };
}
