import type { AnchorLook, AnchorReport, AnchorsReport, NegativeAnchorReport } from '../view/report.ts';
import { type Command, DAEMON_OPTIONS, type Io } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { type Cell, cell, duration, json, number, table } from './output.ts';

export const command: Command = {
  name: 'anchors',
  usage: '[--json]',
  summary:
    'Lists the keys that DNSSEC validation begins with, and the names below which nothing is validated: negative\ntrust anchors of the configuration, and those that rules and VPCs without validation imply.',
  options: { ...DAEMON_OPTIONS },
  examples: ['causeway anchors', 'causeway anchors --json'],
  async run(input, io) {
    const report = await ask<AnchorsReport>(socketOf(input, io.cwd), 'GET', '/anchors');
    io.out(input.flag('json') ? json(report) : anchorsText(report, io));
    return 0;
  },
};

/** What has ended is no anchor any more: it stands apart. */
function anchorsText(
  { anchors, looks = [], negative }: AnchorsReport,
  { colour }: Pick<Io, 'colour'>,
): string {
  const active = negative.filter(({ state }) => state === 'active');
  const expired = negative.filter(({ state }) => state === 'expired');
  const parts = [
    anchors.length === 0
      ? 'no trust anchor\n'
      : table(
          ['TRUST ANCHOR', 'RECORD', 'KEY TAG', 'ALGORITHM', 'DIGEST', 'STATE'],
          anchors.map(row),
          colour,
        ),
    active.length === 0
      ? 'no negative trust anchor\n'
      : table(['NEGATIVE TRUST ANCHOR', 'VPC', 'TIME LEFT', 'REASON'], active.map(negativeRow), colour),
  ];
  if (looks.length > 0)
    parts.splice(1, 0, table(['KEYS FOLLOWED', 'VALIDATED', 'NEXT LOOK'], looks.map(lookRow), colour));
  if (expired.length > 0)
    parts.push(table(['EXPIRED, WITHOUT EFFECT', 'SINCE', 'REASON'], expired.map(expiredRow), colour));
  return parts.join('\n');
}

function row({ zone, record, keyTag, algorithm, digest, state, secondsLeft }: AnchorReport): Cell[] {
  const shade = state === 'valid' ? 'green' : 'yellow';
  const text = secondsLeft === undefined ? state : `${state}, ${duration(secondsLeft)} left`;
  return [cell(zone), cell(record), number(keyTag), cell(algorithm), cell(digest ?? '-'), cell(text, shade)];
}

function lookRow({ zone, validated, next }: AnchorLook): Cell[] {
  return [cell(zone), cell(validated ?? 'not yet'), cell(next ?? '-')];
}

function negativeRow({ domain, vpcs, secondsLeft, reason }: NegativeAnchorReport): Cell[] {
  return [
    cell(domain),
    cell(vpcs.length === 0 ? 'all' : vpcs.join(', ')),
    { text: secondsLeft === undefined ? 'no end' : duration(secondsLeft) },
    cell(reason),
  ];
}

function expiredRow({ domain, until, reason }: NegativeAnchorReport): Cell[] {
  return [cell(domain), cell(until ?? '-'), cell(reason)];
}
