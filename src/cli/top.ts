import { isTopKind, type TopReport } from '../view/top.ts';
import { type Command, DAEMON_OPTIONS, type Io, usageError, wholeNumber } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { cell, duration, json, number, table } from './output.ts';

const LINES_DEFAULT = 20;
const LINES_MAX = 1_000;

export const command: Command = {
  name: 'top',
  usage: '[names | clients] [--vpc ID] [--lines N]',
  summary:
    'Shows what was asked most in the last five to ten minutes, or who asked most. Counts are estimates: where there are\nmany questions, some of them are looked at.',
  options: {
    ...DAEMON_OPTIONS,
    vpc: { type: 'string', value: 'ID', help: 'only in this VPC' },
    lines: { type: 'string', value: 'N', help: `the first so many, ${LINES_DEFAULT} unless told` },
  },
  examples: ['causeway top', 'causeway top clients --vpc vpc-corp'],
  async run(input, io) {
    const [kind = 'names', ...rest] = input.positionals;
    if (!isTopKind(kind) || rest.length > 0) throw usageError('top', 'say `names` or `clients`');
    const lines = wholeNumber('top', '--lines', input.text('lines') ?? String(LINES_DEFAULT), 1, LINES_MAX);
    const vpc = input.text('vpc');
    const query = new URLSearchParams({ kind, limit: String(lines), ...(vpc === undefined ? {} : { vpc }) });
    const report = await ask<TopReport>(socketOf(input, io.cwd), 'GET', `/top?${query}`);
    io.out(input.flag('json') ? json(report) : topText(report, io));
    return 0;
  },
};

function topText({ kind, seconds, questions, uncertainty, entries }: TopReport, { colour }: Io): string {
  const much = uncertainty === 0 ? '' : `, each up to ${uncertainty} more than is told`;
  const head = `${questions} questions in ${duration(seconds)}${much}\n`;
  if (entries.length === 0) return head;
  const rows = entries.map((entry) => [
    number(entry.questions),
    { text: `${((100 * entry.questions) / questions).toFixed(1)} %`, right: true },
    cell(entry.what),
    cell(entry.vpc),
  ]);
  return `${head}${table(['QUESTIONS', 'SHARE', kind === 'names' ? 'NAME' : 'CLIENT', 'VPC'], rows, colour)}`;
}
