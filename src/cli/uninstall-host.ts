import { CliError, type Command } from './command.ts';
import { undoAll } from './host/change.ts';
import { forgetJournal, readJournal } from './host/journal.ts';
import { mustBeRoot, worldOf } from './host/world.ts';
import { cell, json } from './output.ts';

export const command: Command = {
  name: 'uninstall-host',
  usage: '[--force] [--root DIR]',
  summary:
    'Undoes `causeway install-host`, also one that was interrupted: every file and link is as it was before. What somebody\nelse has changed since is refused, and with --force put aside.',
  options: {
    force: { type: 'boolean', help: 'go on where somebody else has changed a file since' },
    root: { type: 'string', value: 'DIR', help: 'the root folder of an image' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  examples: ['causeway uninstall-host'],
  async run(input, io) {
    const world = worldOf(input);
    mustBeRoot(world);
    const journal = readJournal(world.disk);
    if (journal === undefined) {
      // What an installation or an end of one left that was interrupted where it does not count any more.
      forgetJournal(world.disk);
      throw new CliError(
        'this host does not ask Causeway by `causeway install-host`',
        'there is nothing to undo',
      );
    }
    const remarks = undoAll(world.disk, journal, world.run, input.flag('force'));
    if (input.flag('json')) io.out(json({ remarks }));
    else {
      for (const remark of remarks) io.err(`${cell(remark).text}\n`);
      io.out(`this host asks as before, by ${journal.manager}\n`);
    }
    return 0;
  },
};
