import type { ReloadReport } from '../view/report.ts';
import { type Command, DAEMON_OPTIONS } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { cell, json, paint } from './output.ts';

export const command: Command = {
  name: 'reload',
  usage: '[--json]',
  summary:
    'Makes the daemon read its configuration again. What did not change keeps its cache; a configuration with\nerrors leaves the one in force as it is. The same as SIGHUP, with the outcome shown.',
  options: DAEMON_OPTIONS,
  examples: ['causeway reload'],
  async run(input, io) {
    const report = await ask<ReloadReport>(socketOf(input, io.cwd), 'POST', '/reload');
    if (input.flag('json')) io.out(json(report));
    else if (report.applied) {
      for (const change of report.changes) io.out(`${cell(change).text}\n`);
      io.out(`revision ${report.revision} is in force\n`);
    } else {
      for (const error of report.errors) io.err(`${paint(cell(error).text, 'red', io.colour)}\n`);
      io.err(`causeway: the configuration was refused; revision ${report.revision} stays in force\n`);
    }
    return report.applied ? 0 : 1;
  },
};
