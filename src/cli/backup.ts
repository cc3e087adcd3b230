import { resolve } from 'node:path';
import type { BackupReport } from '../view/report.ts';
import { type Command, DAEMON_OPTIONS, usageError } from './command.ts';
import { bytes, cell, json } from './output.ts';

export const command: Command = {
  name: 'backup',
  usage: 'FILE [--json]',
  summary:
    'Copies what was made through the API into a new file, as it is at this moment, while the daemon goes on. The\ndaemon writes the file: it must be allowed to, as in its state folder. Where it does not run, this command does.',
  options: { ...DAEMON_OPTIONS },
  examples: ['causeway backup state/monday.db', 'causeway backup /var/backups/causeway.db --json'],
  async run(input, io) {
    const [name, ...more] = input.positionals;
    if (name === undefined || more.length > 0) throw usageError('backup', 'name one new file');
    const file = resolve(io.cwd, name);
    const { askStore } = await import('./storefile.ts');
    const request = { method: 'POST', path: '/store/backup', body: { file } } as const;
    const report = await askStore<BackupReport>(input, io.cwd, request, (desk) => desk.backup(file));
    const { revision, octets } = report;
    io.out(
      input.flag('json') ? json(report) : `${cell(file).text}: revision ${revision}, ${bytes(octets)}\n`,
    );
    return 0;
  },
};
