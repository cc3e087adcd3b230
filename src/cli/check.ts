import type { ConfigProblem } from '../control/config/problem.ts';
import type { Command, Io } from './command.ts';
import { findConfig } from './daemon.ts';
import { type Colour, cell, json, paint } from './output.ts';

export const command: Command = {
  name: 'check',
  usage: '[--config FILE] [--json]',
  summary:
    'Checks a configuration and its zone files without serving them, and shows every error at once: where it is,\nwhat is wrong, what would be right. The exit code is 1 where there is one.',
  options: {
    config: { type: 'string', value: 'FILE', help: 'the configuration to check' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  examples: ['causeway check', 'causeway check --config /etc/causeway/causeway.yaml'],
  async run(input, io) {
    const file = findConfig(input.text('config') ?? input.positionals[0], io.cwd);
    const { checkConfig } = await import('../control/compile.ts');
    const { errors, warnings } = checkConfig(file);
    const failed = errors.length > 0;
    if (input.flag('json')) {
      io.out(json({ file, errors, warnings }));
      return failed ? 1 : 0;
    }
    for (const warning of warnings) io.err(problemLine(warning, 'yellow', 'warning: ', io));
    for (const error of errors) io.err(problemLine(error, 'red', '', io));
    if (failed) io.err(`${errors.length} ${errors.length === 1 ? 'error' : 'errors'}\n`);
    else io.out(`${cell(file).text} is right\n`);
    return failed ? 1 : 0;
  },
};

/** `file:line:column: ` first, as editors and CI know how to read it. */
function problemLine(problem: ConfigProblem, colour: Colour, kind: string, io: Io): string {
  const { file, line, column, path, message, remedy } = problem;
  const where = path === '' ? '' : `${path}: `;
  const what = cell(`${kind}${where}${message}`).text;
  return `${cell(file).text}:${line}:${column}: ${paint(what, colour, io.colour)}${remedy === '' ? '' : `; ${cell(remedy).text}`}\n`;
}
