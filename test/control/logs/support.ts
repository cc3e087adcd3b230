/** Queries as workers write them, and what is logged of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Logger } from '../../../src/telemetry/log.ts';
import { daemonCounters, Metrics } from '../../../src/telemetry/metrics.ts';
import {
  type AnsweredFrom,
  type ClientTransport,
  NO_FIREWALL_RULE,
  writeQueryRecord,
} from '../../../src/telemetry/queryrecord.ts';
import { parseAddress } from '../../../src/util/cidr.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import type { RingWriter } from '../../../src/util/ring.ts';
import { NO_QUERY_LOGS, type QueryLog, type QueryLogs } from '../../../src/view/querylog.ts';
import { FLAG } from '../../../src/wire/constants.ts';
import type { Edns } from '../../../src/wire/edns.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { typeFromText } from '../../../src/wire/rdata/table.ts';
import type { Rrset } from '../../../src/wire/record.ts';
import { emptyAnswer } from '../../../src/wire/record.ts';
import { Writer } from '../../../src/wire/writer.ts';
import { NameTable } from '../../../src/zone/nametable.ts';

/** 2026-03-09T08:14:02.113Z */
export const AT = Date.UTC(2026, 2, 9, 8, 14, 2, 113);

/** @param to a path, or another destination */
export function logOf(
  log: Partial<Omit<QueryLog, 'to'>> & { readonly id: string; readonly to: string | QueryLog['to'] },
): QueryLog {
  const { to } = log;
  return {
    format: 'resolver',
    sample: 1,
    hits: true,
    names: [],
    rcodes: [],
    firewallActions: [],
    rotate: { bytes: 1 << 20, keep: 3, compress: false },
    ...log,
    to: typeof to === 'string' ? { kind: 'file', path: to } : to,
  };
}

/** One VPC with all logs of format `resolver`, and an endpoint with three zones, the first of which is in the others. */
export function logsOf(logs: readonly QueryLog[], revision = 1, vpc = 'vpc-a'): QueryLogs {
  const of = (format: QueryLog['format']) =>
    logs.flatMap((log, i) => (log.format === format || log.format === 'dnstap' ? i : []));
  const names = ['shop.test.', 'lab.shop.test.', 'b.test.'].map((name) => nameFromText(name));
  const table = NameTable.build(names.map((name, i) => [name, i])).buffer as SharedArrayBuffer;
  const groups = ['Z0SHOP', 'Z0LAB', 'Z0B'].map((id, i) => ({ id, logs: i === 1 ? [] : of('public') }));
  const firewallRules = [
    { group: 'rslvr-frg-01', list: 'rslvr-fdl-02', action: 'ALERT' } as const,
    undefined,
  ];
  const common = { account: '000000000000', region: 'eu-central-1' };
  return {
    ...NO_QUERY_LOGS,
    revision,
    logs,
    views: [
      { ...common, vpc, logs: of('resolver'), zones: undefined, firewallRules },
      { ...common, vpc: '', logs: [], zones: { table, groups }, firewallRules },
    ],
    endpoints: ['in-1', 'auth-1'],
    node: 'FRA6',
  };
}

export interface QuerySpec {
  readonly name: string;
  readonly type?: string;
  readonly rcode?: number;
  readonly answer?: readonly Rrset[];
  readonly edns?: Edns;
  readonly address?: string;
  readonly transport?: ClientTransport;
  readonly revision?: number;
  readonly view?: number;
  readonly from?: AnsweredFrom;
  readonly firewallRule?: number;
  readonly draw?: number;
  readonly wall?: number;
  readonly elapsed?: number;
}

export function writeQuery(ring: RingWriter, spec: QuerySpec): void {
  const { view = 0, from = 'lookup', rcode = 0, revision = 1, wall = AT, draw = 0, elapsed = 0 } = spec;
  const writer = new Writer();
  const around = {
    id: 1,
    flags: FLAG.RD,
    question: { name: nameFromText(spec.name), type: typeFromText(spec.type ?? 'A')!, class: 1 },
    edns: spec.edns,
    limit: 65_535,
    rotation: 0,
    signatures: false,
    glue: false,
  };
  const query = writer.out.slice(0, writer.write(emptyAnswer(0), around));
  const answer = { ...emptyAnswer(rcode), answer: [...(spec.answer ?? [])] };
  const length = writer.write(answer, { ...around, flags: FLAG.QR | FLAG.RD });
  const address = parseAddress(spec.address ?? '10.4.7.9');
  const sender = { address, port: 41_877, transport: spec.transport ?? 'udp', endpoint: view };
  const rule = spec.firewallRule ?? NO_FIREWALL_RULE;
  const reply = writer.out.slice(0, length);
  const asked = [elapsed, query, query.length] as const;
  const isWritten = writeQueryRecord(
    ring,
    revision,
    wall,
    view,
    sender,
    from,
    rcode,
    rule,
    draw,
    ...asked,
    reply,
  );
  if (!isWritten) throw new Error('the ring is full');
}

/** What a thread has, with a log of what it says. */
export function surroundings() {
  const said: string[] = [];
  const say =
    (level: string) =>
    (_fields: unknown, message: string): void =>
      void said.push(`${level}: ${message}`);
  const log = Object.fromEntries(
    ['debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, say(level)]),
  ) as unknown as Logger;
  const counters = daemonCounters(1);
  return { clock: new ManualClock(), log, said, counters, metrics: new Metrics(counters.block(0)) };
}

export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-logs-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
