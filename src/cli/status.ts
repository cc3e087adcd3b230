import type { CacheFigures, StatusReport, TargetReport } from '../view/report.ts';
import { type Command, DAEMON_OPTIONS, type Io } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { bytes, type Cell, type Colour, cell, duration, json, number, paint, table } from './output.ts';

export const command: Command = {
  name: 'status',
  usage: '[--ready] [--json]',
  summary: 'Shows the workers, endpoints, views, targets with the state of their breakers, and the caches.',
  options: {
    ...DAEMON_OPTIONS,
    ready: {
      type: 'boolean',
      help: 'only tell by the exit code whether the daemon serves: for health checks',
    },
  },
  examples: ['causeway status', 'causeway status --ready && echo serving'],
  async run(input, io) {
    const status = await ask<StatusReport>(socketOf(input, io.cwd), 'GET', '/status');
    if (input.flag('ready')) return status.ready ? 0 : 1;
    io.out(input.flag('json') ? json(status) : statusText(status, io));
    return 0;
  },
};

export function statusText(status: StatusReport, io: Pick<Io, 'colour'>): string {
  return [head(status, io), workers(status, io), endpoints(status, io), certificates(status, io)]
    .concat(views(status, io))
    .concat(targets(status.targets, io), cachesText(status.caches, io))
    .filter((part) => part !== '')
    .join('\n');
}

function head(status: StatusReport, { colour }: Pick<Io, 'colour'>): string {
  const { node, config } = status;
  const state = paint(status.ready ? 'ready' : 'not ready', status.ready ? 'green' : 'red', colour);
  const name = paint(cell(node.name).text, 'bold', colour);
  const up = `up ${duration(status.uptimeSeconds)}`;
  const lines = [
    `${name} (${cell(node.region).text})  causeway ${status.version}  pid ${status.pid}  ${up}  ${state}`,
    `config ${cell(config.file).text}  revision ${config.revision} since ${config.since}`,
    ...config.errors.map((error) => paint(`refused: ${cell(error).text}`, 'red', colour)),
  ];
  return `${lines.join('\n')}\n`;
}

const STATE_COLOUR: Readonly<Record<string, Colour>> = {
  serving: 'green',
  starting: 'yellow',
  silent: 'red',
  closed: 'green',
  suspect: 'yellow',
  'half-open': 'yellow',
  open: 'red',
};

/** By duty. */
const TRANSPORTS = { plain: 'UDP, TCP', encrypted: 'TLS' } as const;

function workers({ workers }: StatusReport, { colour }: Pick<Io, 'colour'>): string {
  const rows = workers.map((worker): Cell[] => [
    number(worker.worker),
    cell(TRANSPORTS[worker.duty]),
    cell(worker.state, STATE_COLOUR[worker.state]),
    number(worker.revision),
    { text: duration(worker.uptimeSeconds), right: true },
    number(worker.inFlight),
  ]);
  return table(['WORKER', 'SERVES', 'STATE', 'REVISION', 'UP', 'IN FLIGHT'], rows, colour);
}

function endpoints({ endpoints }: StatusReport, { colour }: Pick<Io, 'colour'>): string {
  const rows = endpoints.map(({ id, listen, protocols, vpc }) => [
    cell(id),
    cell(protocols.join(' ')),
    cell(vpc),
    cell(listen.join(' ')),
  ]);
  return table(['ENDPOINT', 'PROTOCOLS', 'VPC', 'LISTEN'], rows, colour);
}

function certificates({ endpoints }: StatusReport, { colour }: Pick<Io, 'colour'>): string {
  const rows = endpoints.flatMap(({ id, certificate }) =>
    certificate === undefined
      ? []
      : [
          [
            cell(id),
            cell(certificate.until),
            cell(
              certificate.selfSigned ? 'itself' : 'another',
              certificate.selfSigned ? 'yellow' : undefined,
            ),
            cell(certificate.pin),
            cell(certificate.names),
          ],
        ],
  );
  return rows.length === 0 ? '' : table(['CERTIFICATE OF', 'UNTIL', 'SIGNED BY', 'PIN', 'FOR'], rows, colour);
}

function views({ views }: StatusReport, { colour }: Pick<Io, 'colour'>): string {
  const rows = views.map(({ vpc, zones, rules }) => [cell(vpc), number(zones), number(rules)]);
  return table(['VPC', 'ZONES', 'RULES'], rows, colour);
}

function targets(list: readonly TargetReport[], { colour }: Pick<Io, 'colour'>): string {
  if (list.length === 0) return '';
  const rows = list.map((target): Cell[] => [
    cell(target.target),
    cell(breakerText(target), STATE_COLOUR[target.breaker]),
    number(target.srttMs, 1),
    number(target.outstanding),
    number(target.counts.sent),
    number(target.counts.answered),
    number(target.counts.timeouts),
    number(target.counts.errors),
  ]);
  const heading = ['TARGET', 'BREAKER', 'RTT MS', 'IN FLIGHT', 'SENT', 'ANSWERED', 'TIMEOUTS', 'ERRORS'];
  return table(heading, rows, colour);
}

/** Each worker has its own breaker: one that is not closed everywhere says in how many. */
function breakerText({ breaker, givenUpBy, workers }: TargetReport): string {
  return givenUpBy === 0 || givenUpBy === workers ? breaker : `${breaker} in ${givenUpBy} of ${workers}`;
}

export function cachesText(
  caches: { readonly answers: CacheFigures; readonly records: CacheFigures },
  { colour }: Pick<Io, 'colour'>,
): string {
  const row = (name: string, figures: CacheFigures): Cell[] => [
    cell(name),
    number(figures.entries),
    { text: bytes(figures.bytesUsed), right: true },
    { text: bytes(figures.bytesBudget), right: true },
    number(figures.inserts),
    number(figures.evictions),
  ];
  const rows = [row('answers', caches.answers), row('records', caches.records)];
  return table(['CACHE', 'ENTRIES', 'USED', 'BUDGET', 'INSERTS', 'EVICTIONS'], rows, colour);
}
