import type { HealthLatency, HealthReport } from '../view/health.ts';
import { type Command, DAEMON_OPTIONS, type Io, usageError } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { type Cell, cell, columns, json, number, table } from './output.ts';

export const command: Command = {
  name: 'health',
  usage: '[ID] [--json]',
  summary:
    'Lists the health checks with their status, or shows what is known of one: what was seen last, and changes.',
  options: { ...DAEMON_OPTIONS },
  examples: ['causeway health', 'causeway health hc-web-1', 'causeway health --json'],
  async run(input, io) {
    const [id, ...rest] = input.positionals;
    if (rest.length > 0) throw usageError('health', 'it takes one id at most');
    const query = id === undefined ? '' : `?id=${encodeURIComponent(id)}`;
    const report = await ask<{ checks: readonly HealthReport[] }>(
      socketOf(input, io.cwd),
      'GET',
      `/health${query}`,
    );
    if (input.flag('json')) io.out(json(report));
    else
      io.out(
        id === undefined
          ? listText(report.checks, io)
          : report.checks.map((check) => oneText(check, io)).join('\n'),
      );
    return 0;
  },
};

function listText(checks: readonly HealthReport[], { colour }: Pick<Io, 'colour'>): string {
  if (checks.length === 0) return 'no health check\n';
  const rows = checks.map((check) => [
    cell(check.id),
    cell(check.type),
    statusCell(check),
    cell(check.since),
    cell(check.target),
    cell(seen(check)),
  ]);
  return table(['CHECK', 'TYPE', 'STATUS', 'SINCE', 'TARGET', 'LAST SEEN'], rows, colour);
}

function statusCell({ status, disabled, inverted }: HealthReport): Cell {
  const words = [status, disabled ? 'disabled' : '', inverted ? 'inverted' : ''].filter(
    (word) => word !== '',
  );
  return cell(words.join(', '), status === 'healthy' ? 'green' : 'red');
}

/** The newest observation of any checker. */
function seen({ observations }: HealthReport): string {
  const newest = observations.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  return newest?.status ?? '-';
}

function oneText(check: HealthReport, { colour }: Pick<Io, 'colour'>): string {
  const { observations, lastFailure, history } = check;
  const facts = [
    [cell(check.id, 'bold'), cell(check.type)],
    [cell('status'), statusCell(check)],
    [cell('since'), cell(check.since)],
    [cell('target'), cell(check.target)],
    ...(lastFailure === undefined
      ? []
      : [[cell('last failure'), cell(`${lastFailure.at}  ${lastFailure.reason}`)]]),
  ];
  const parts = [columns(facts, colour)];
  if (observations.length > 0)
    parts.push(
      table(
        ['CHECKER', 'AT', 'CONNECT MS', 'TLS MS', 'FIRST OCTET MS', 'SEEN'],
        observations.map(({ checker, at, status, latency }) => [
          cell(checker),
          cell(at),
          ...latencyCells(latency),
          cell(status),
        ]),
        colour,
      ),
    );
  if (history.length > 0)
    parts.push(
      table(
        ['CHANGED AT', 'TO', 'REASON'],
        history.map(({ at, status, reason }) => [
          cell(at),
          cell(status, status === 'healthy' ? 'green' : 'red'),
          cell(reason),
        ]),
        colour,
      ),
    );
  return parts.join('\n');
}

function latencyCells(latency: HealthLatency | undefined): Cell[] {
  return [latency?.connectMs, latency?.tlsMs, latency?.firstByteMs].map((ms) => number(ms, 1));
}
