import { resolve } from 'node:path';
import { type Command, DAEMON_OPTIONS, usageError } from './command.ts';
import { cell, json } from './output.ts';

export const command: Command = {
  name: 'restore',
  usage: 'FILE [--json]',
  summary:
    'Puts a backup in the place of what was made through the API. The daemon must not run. The backup is checked before\nanything is replaced, and what was there is set aside.',
  options: { ...DAEMON_OPTIONS },
  examples: ['causeway restore state/monday.db'],
  async run(input, io) {
    const [name, ...more] = input.positionals;
    if (name === undefined || more.length > 0) throw usageError('restore', 'name one backup');
    const { restoreStore } = await import('./storefile.ts');
    const restored = restoreStore(input, io.cwd, resolve(io.cwd, name));
    if (input.flag('json')) io.out(json(restored));
    else {
      io.out(`${cell(restored.file).text}: revision ${restored.revision}\n`);
      if (restored.setAside !== undefined) io.out(`what was there: ${cell(restored.setAside).text}\n`);
    }
    return 0;
  },
};
