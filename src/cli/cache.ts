import type { CacheDump, CacheEntry, CacheReport, Flushed } from '../view/report.ts';
import { type Command, DAEMON_OPTIONS, type Input, type Io, usageError, wholeNumber } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { type Cell, cell, duration, json, number, paint, table } from './output.ts';
import { cachesText } from './status.ts';

/** Entries that are shown when no limit is given: a screenful or ten. */
const DUMP_DEFAULT = 200;
const DUMP_MAX = 100_000;

export const command: Command = {
  name: 'cache',
  usage: 'stats | dump [--limit N] | flush NAME [--subtree] [--vpc ID]',
  summary: 'Shows how full the caches are, lists their records, or forgets a name in one VPC or all.',
  options: {
    ...DAEMON_OPTIONS,
    limit: { type: 'string', value: 'N', help: `entries to list, ${DUMP_DEFAULT} unless told` },
    subtree: { type: 'boolean', help: 'flush everything below the name too' },
    vpc: { type: 'string', value: 'ID', help: 'flush only what this VPC has learned' },
  },
  examples: [
    'causeway cache stats',
    'causeway cache flush www.corp.example',
    'causeway cache flush corp.example --subtree --vpc vpc-corp',
  ],
  async run(input, io) {
    const [action, ...rest] = input.positionals;
    switch (action) {
      case 'stats':
        return stats(input, io);
      case 'dump':
        return dump(input, io);
      case 'flush':
        return flush(rest, input, io);
      default:
        throw usageError('cache', 'say `stats`, `dump` or `flush NAME`');
    }
  },
};

async function stats(input: Input, io: Io): Promise<number> {
  const report = await ask<CacheReport>(socketOf(input, io.cwd), 'GET', '/cache/stats');
  if (input.flag('json')) io.out(json(report));
  else {
    io.out(cachesText(report.total, io));
    for (const worker of report.workers)
      io.out(`\n${paint(`worker ${worker.worker}`, 'bold', io.colour)}\n${cachesText(worker, io)}`);
  }
  return 0;
}

async function dump(input: Input, io: Io): Promise<number> {
  const limit = wholeNumber('cache', '--limit', input.text('limit') ?? String(DUMP_DEFAULT), 1, DUMP_MAX);
  const report = await ask<CacheDump>(socketOf(input, io.cwd), 'GET', `/cache/dump?limit=${limit}`);
  if (input.flag('json')) {
    io.out(json(report));
    return 0;
  }
  const rows = report.entries.flatMap(entryRows);
  io.out(table(['NAME', 'TTL', 'TYPE', 'DATA', 'RULE', 'VPC', 'AGE'], rows, io.colour));
  if (report.truncated) io.err(`only the first ${limit} are shown; --limit shows more\n`);
  return 0;
}

/** A line for each record; what an entry says of itself stands on its first line. */
function entryRows(entry: CacheEntry): Cell[][] {
  const data = entry.records.length > 0 ? entry.records : [`(${entry.kind})`];
  return data.map((text, index) => [
    cell(index === 0 ? entry.name : ''),
    entry.state === 'stale' ? { text: 'stale', right: true, colour: 'yellow' } : number(entry.ttl),
    cell(entry.type),
    cell(text),
    cell(index === 0 ? entry.rule : ''),
    cell(index === 0 ? entry.vpc : ''),
    { text: index === 0 ? duration(entry.ageSeconds) : '', right: true },
  ]);
}

async function flush(names: readonly string[], input: Input, io: Io): Promise<number> {
  const name = names[0];
  if (name === undefined || names.length > 1) throw usageError('cache', '`flush` takes one name');
  const vpc = input.text('vpc');
  const body = { name, subtree: input.flag('subtree'), ...(vpc === undefined ? {} : { vpc }) };
  const flushed = await ask<Flushed>(socketOf(input, io.cwd), 'POST', '/cache/flush', body);
  if (input.flag('json')) io.out(json(flushed));
  else io.out(`${flushed.removed} ${flushed.removed === 1 ? 'entry' : 'entries'} removed\n`);
  return 0;
}
