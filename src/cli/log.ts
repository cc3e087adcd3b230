import { printable } from '../telemetry/text.ts';
import { type Command, type Input, type Io, usageError, wholeNumber } from './command.ts';
import type { LogSource } from './logfiles.ts';
import { type LogFilter, logFilter } from './logfilter.ts';
import { follow } from './logfollow.ts';
import { readLogLine } from './logline.ts';
import type { Found } from './lognewest.ts';
import type { LogReader } from './logreader.ts';
import { type Cell, cell, columns, table } from './output.ts';

const TAIL_DEFAULT = 20;
const SEARCH_DEFAULT = 1000;
const LINES_MAX = 1_000_000;

export const command: Command = {
  name: 'log',
  usage: 'tail [ID] [--follow] | search [ID] [--name NAME] [--rcode RCODE] [--since TIME] …',
  summary:
    'Shows the last queries of the logs, or those that are looked for, also in files that were put aside.\nReads the files that the configuration names; the daemon need not run.',
  options: {
    config: { type: 'string', value: 'FILE', help: 'the configuration whose logs are meant' },
    json: { type: 'boolean', help: 'print each query as JSON on a line' },
    lines: {
      type: 'string',
      value: 'N',
      help: `the newest so many: ${TAIL_DEFAULT} of tail, ${SEARCH_DEFAULT} of search unless told`,
    },
    follow: { type: 'boolean', short: 'f', help: 'tail: go on with what is logged from now on' },
    since: { type: 'string', value: 'TIME', help: 'only queries since then: 2026-12-31T18:00Z, or 2h ago' },
    until: { type: 'string', value: 'TIME', help: 'only queries before then' },
    name: { type: 'string', value: 'NAME', help: 'only for this name and what is below it' },
    type: { type: 'string', value: 'TYPE', help: 'only of this type: AAAA, TYPE65 or 65' },
    rcode: { type: 'string', value: 'RCODE', help: 'only answered so: NXDOMAIN, or 3' },
    client: { type: 'string', value: 'BLOCK', help: 'only of this address, or of a block of addresses' },
    vpc: { type: 'string', value: 'ID', help: 'only of clients of this VPC' },
    zone: { type: 'string', value: 'ID', help: 'only for this public zone' },
    action: { type: 'string', value: 'ACTION', help: 'only where the firewall did this: ALERT or BLOCK' },
  },
  examples: [
    'causeway log tail --follow',
    'causeway log search --name corp.example --rcode NXDOMAIN --since 1h',
    'causeway log search corp-queries --client 10.20.0.0/16 --type AAAA --json',
  ],
  async run(input, io) {
    const [action, id, ...rest] = input.positionals;
    if (rest.length > 0) throw usageError('log', 'name one log, or none for all');
    switch (action) {
      case 'tail':
        return tail(input, io, id);
      case 'search':
        if (input.flag('follow')) throw usageError('log', '`search` does not follow; `tail` does');
        return search(input, io, id);
      default:
        throw usageError('log', 'say `tail` or `search`');
    }
  },
};

async function search(input: Input, io: Io, id: string | undefined): Promise<number> {
  const most = linesOf(input, SEARCH_DEFAULT);
  const readers = await readersOf(input, io, id);
  const found = await newest(input, readers, most + 1);
  for (const reader of readers) reader.close();
  const shown = found.slice(-most);
  if (shown.length === 0) io.err('no query is logged that would be so\n');
  else print(shown, input, io);
  if (found.length > most) io.err(`only the newest ${most} are shown; --lines shows more\n`);
  return 0;
}

async function tail(input: Input, io: Io, id: string | undefined): Promise<number> {
  const most = linesOf(input, TAIL_DEFAULT);
  const readers = await readersOf(input, io, id);
  print(await newest(input, readers, most), input, io);
  const filter = logFilter(input);
  if (input.flag('follow'))
    await follow(readers, ({ format }, line) => {
      const found = foundIn(format, line, filter);
      if (found !== undefined)
        io.out(input.flag('json') ? jsonLine(found) : columns([row(found)], io.colour));
    });
  for (const reader of readers) reader.close();
  return 0;
}

function linesOf(input: Input, fallback: number): number {
  return wholeNumber('log', '--lines', input.text('lines') ?? String(fallback), 1, LINES_MAX);
}

/** Of the logs that are meant. */
async function readersOf(input: Input, io: Io, id: string | undefined): Promise<LogReader[]> {
  const [{ logSources }, { LogReader }] = await Promise.all([
    import('./logfiles.ts'),
    import('./logreader.ts'),
  ]);
  const warn = (message: string): void => io.err(`causeway: ${printable(message)}\n`);
  return logSources(input, io.cwd, id).map((source) => new LogReader(source, warn));
}

/** The newest of all that is looked for, the oldest of them first. Throws CliError. */
async function newest(input: Input, readers: readonly LogReader[], most: number): Promise<Found[]> {
  const [{ readTime, wallOf }, { newestOf }] = await Promise.all([
    import('./logfiles.ts'),
    import('./lognewest.ts'),
  ]);
  const bound = (option: string, unbound: number): number => {
    const text = input.text(option);
    return text === undefined ? unbound : readTime(option, text);
  };
  const since = bound('since', Number.NEGATIVE_INFINITY);
  const until = bound('until', Number.POSITIVE_INFINITY);
  const filter = logFilter(input);
  return newestOf(readers, since, most, (format, line) => {
    const found = foundIn(format, line, filter);
    const wall = found === undefined ? 0 : wallOf(found.query.time);
    return wall >= since && wall < until ? found : undefined;
  });
}

function foundIn(format: LogSource['format'], line: string, filter: LogFilter): Found | undefined {
  const query = readLogLine(format, line);
  return query !== undefined && filter(query) ? { query, line } : undefined;
}

function print(found: readonly Found[], input: Input, io: Io): void {
  if (found.length === 0) return;
  if (input.flag('json')) io.out(found.map(jsonLine).join(''));
  else io.out(table(['TIME', 'CLIENT', 'OF', 'NAME', 'TYPE', 'RCODE', 'ANSWER'], found.map(row), io.colour));
}

/** A record of Resolver's is JSON as it stands. */
function jsonLine({ query, line }: Found): string {
  return line.startsWith('{') ? `${line}\n` : `${JSON.stringify(query)}\n`;
}

function row({ query }: Found): Cell[] {
  const { time, client, of, name, type, rcode, answers, action } = query;
  const told = action === undefined ? answers.join(', ') : `${action} ${answers.join(', ')}`.trim();
  const isBad = rcode !== 'NOERROR' && rcode !== 'NXDOMAIN';
  const verdict = isBad ? cell(rcode, 'red') : cell(rcode);
  return [cell(time), cell(client), cell(of), cell(name), cell(type), verdict, cell(told || '-')];
}
