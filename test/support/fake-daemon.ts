import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { ApiDesk } from '../../src/control/api/desk.ts';
import { Keys } from '../../src/control/api/keys.ts';
import { DEFAULT_QUOTAS } from '../../src/control/config/quotas.ts';
import { Plain } from '../../src/control/http.ts';
import { sumCaches } from '../../src/control/reports.ts';
import { controlRoutes, type Daemon } from '../../src/control/routes.ts';
import { ControlSocket } from '../../src/control/socket.ts';
import { Workers } from '../../src/control/workers.ts';
import { createLogger, type Logger } from '../../src/telemetry/log.ts';
import { CidrTable, parseCidr } from '../../src/util/cidr.ts';
import { systemClock } from '../../src/util/clock.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { type Port, serveCalls } from '../../src/util/rpc.ts';
import type { Ask, WorkerCall } from '../../src/view/channel.ts';
import type { Explanation } from '../../src/view/explain.ts';
import type { HealthReport } from '../../src/view/health.ts';
import type {
  AnchorsReport,
  AuditReport,
  CacheFigures,
  ClientReport,
  ReloadReport,
  StatusReport,
  WorkerStatus,
} from '../../src/view/report.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';

/** A control thread without a daemon: real socket, routes and ports; workers that answer from a table. */
export interface FakeDaemon {
  readonly state: string;
  readonly socket: ControlSocket;
  readonly workers: Workers;
  /** What the workers were asked, in order. */
  readonly asked: Ask[];
  readonly logged: string[];
  reload: ReloadReport;
  close(): Promise<void>;
}

export const figures = (entries: number): CacheFigures => ({
  entries,
  bytesUsed: entries * 100,
  bytesBudget: 1024 * 1024,
  inserts: entries + 1,
  evictions: 1,
});

export function workerStatus(worker: number, over: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    worker,
    revision: 7,
    uptimeSeconds: 3700,
    inFlight: worker,
    targets: [],
    caches: { answers: figures(10), records: figures(20) },
    ...over,
  };
}

export const explanation: Explanation = {
  qname: 'db.internal.example.',
  qtype: 'A',
  view: 'vpc-corp',
  steps: [
    { stage: 'match', decision: 'zone internal.example. is the longest match' },
    { stage: 'zone', decision: 'hit', detail: 'wildcard *.internal.example.' },
  ],
  candidates: [
    { name: 'internal.example.', kind: 'zone', id: 'internal', chosen: true, why: 'longest match' },
    { name: '.', kind: 'forward', id: 'rule-1', chosen: false, why: 'shorter name' },
  ],
  trust: [],
  routing: [],
  answer: {
    rcode: 'NOERROR',
    flags: ['aa', 'ra'],
    answer: ['db.internal.example. 300 IN A 10.20.0.5'],
    authority: [],
    additional: [],
  },
  source: 'zone',
  ede: [],
};

/** Only what the routes look at. */
export const snapshot = {
  revision: 7,
  clients: CidrTable.build([
    { ...parseCidr('10.20.0.0/16'), value: 0 },
    { ...parseCidr('10.30.0.0/16'), value: 1 },
  ]).buffer,
  views: [
    { vpc: 'vpc-corp', groups: [] },
    { vpc: 'vpc-lab', groups: [] },
  ],
  paths: [],
  endpoints: [],
} as unknown as Snapshot;

export const status: StatusReport = {
  node: { name: 'edge-1', region: 'eu-central-1' },
  version: '0.1.0',
  pid: 4711,
  uptimeSeconds: 90_061,
  ready: true,
  config: { file: '/etc/causeway/causeway.yaml', revision: 7, since: '2026-01-02T03:04:05.000Z', errors: [] },
  workers: [
    { worker: 0, duty: 'plain', state: 'serving', revision: 7, uptimeSeconds: 3700, inFlight: 0 },
    { worker: 1, duty: 'plain', state: 'silent', revision: 0, uptimeSeconds: 0, inFlight: 0 },
  ],
  endpoints: [
    { id: 'in-1', listen: ['127.0.0.1:5353'], protocols: ['do53'], vpc: 'by-source' },
    {
      id: 'in-tls',
      listen: ['tls://127.0.0.1:853'],
      protocols: ['dot'],
      vpc: 'by-source',
      certificate: {
        names: 'DNS:dns.example.org',
        selfSigned: false,
        until: '2027-01-02T03:04:05.000Z',
        pin: 'YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE=',
      },
    },
  ],
  views: [{ vpc: 'vpc-corp', zones: 2, rules: 3 }],
  targets: [
    {
      target: '192.0.2.53:53',
      breaker: 'open',
      givenUpBy: 1,
      workers: 2,
      srttMs: 12.34,
      outstanding: 3,
      counts: { sent: 100, answered: 90, timeouts: 9, errors: 1, refusals: 0, tcp: 2, hedges: 0 },
    },
  ],
  caches: sumCaches([{ answers: figures(10), records: figures(20) }]),
  geo: [
    {
      kind: 'database',
      file: '/usr/share/GeoIP/city.mmdb',
      faults: [],
      ageSeconds: 60,
      buildAgeSeconds: 90_000,
      type: 'Test-City',
      entries: 5_000_000,
      bytes: 60_000_000,
    },
    { kind: 'rtt', file: '/etc/causeway/rtt.txt', faults: ['1: 2 words', '7: "x" is not a time'] },
  ],
};

/** Of 203.0.113.9. */
export const client: ClientReport = {
  address: '203.0.113.9',
  continent: 'NA',
  country: 'US',
  subdivision: 'OR',
  latitude: 45.5,
  longitude: -122.7,
  bits: 24,
  regions: [
    { region: 'us-west-2', ms: 4.25, km: 230 },
    { region: 'us-west-1', km: 911 },
  ],
  collections: [{ collection: 'networks', location: 'office' }],
  records: [{ file: '/usr/share/GeoIP/city.mmdb', record: '{"country":{"iso_code":"US"}}', bits: 24 }],
};

export const anchors: AnchorsReport = {
  anchors: [
    {
      zone: '.',
      record: 'DS',
      keyTag: 20326,
      algorithm: 'RSASHA256',
      digest: 'SHA-256',
      state: 'valid',
    },
    { zone: 'corp.example.', record: 'DNSKEY', keyTag: 5, algorithm: 'RSASHA1', state: 'unsupported' },
  ],
  negative: [
    {
      domain: 'broken.example.',
      source: 'configured',
      vpcs: [],
      state: 'active',
      until: '2026-12-31T18:00:00.000Z',
      secondsLeft: 7200,
      reason: 'ticket 4711',
    },
    {
      domain: 'mended.example.',
      source: 'configured',
      vpcs: [],
      state: 'expired',
      until: '2025-12-31T00:00:00.000Z',
      secondsLeft: 0,
      reason: 'ticket 4710',
    },
    {
      domain: 'corp.example.',
      source: 'rule',
      vpcs: ['vpc-corp', 'vpc-lab'],
      state: 'active',
      reason: 'forward rule corp is not validated',
    },
  ],
};

export const auditReport: AuditReport = {
  changes: [
    {
      revision: 11,
      at: '2026-01-02T03:04:05.000Z',
      account: '000000000000',
      accessKey: 'AKIAEXAMPLE',
      source: '192.0.2.1',
      operation: 'ChangeResourceRecordSets',
      summary: 'internal.example.: 2 upserted',
      items: 2,
    },
    {
      revision: 12,
      at: '2026-01-02T04:04:05.000Z',
      account: '000000000000',
      accessKey: '',
      source: 'control socket',
      operation: 'CreateHostedZone',
      summary: 'new.example.\u001b[31m',
      items: 3,
    },
  ],
  truncated: true,
};

export const healthReports: HealthReport[] = [
  {
    id: 'hc-web-1',
    type: 'HTTP',
    target: 'http://10.20.0.80:8080/status',
    status: 'unhealthy',
    since: '2026-01-02T03:04:05.000Z',
    inverted: false,
    disabled: false,
    observations: [
      {
        checker: 'edge-1',
        at: '2026-01-02T04:04:05.000Z',
        status: 'Failure: HTTP Status Code 503, Service Unavailable',
        latency: { connectMs: 1.2, firstByteMs: 20 },
      },
    ],
    lastFailure: {
      at: '2026-01-02T04:04:05.000Z',
      reason: 'Failure: HTTP Status Code 503, Service Unavailable',
    },
    history: [
      { at: '2026-01-02T03:04:05.000Z', status: 'unhealthy', reason: 'Failure: Connection refused.' },
    ],
  },
  {
    id: 'hc-web',
    type: 'CALCULATED',
    target: '1 of hc-web-1',
    status: 'healthy',
    since: '2026-01-02T03:04:05.000Z',
    inverted: true,
    disabled: false,
    observations: [],
    history: [],
  },
];

const fakeHealth: Daemon['health'] = {
  reports: async (id) => healthReports.filter((report) => id === undefined || report.id === id),
  setAlarm: () => undefined,
  routingControls: () => ({ controls: [], rules: [] }),
  setControls: () => ({ controls: [], rules: [] }),
};

const fakeStore: Daemon['store'] = {
  audit: () => auditReport,
  backup: async (file) => ({ file, revision: 12, octets: 45_056 }),
};

type Answerer = (ask: Ask, slot: number) => unknown;

const answerFromTable: Answerer = (ask, slot) => {
  switch (ask.ask) {
    case 'status':
      return workerStatus(slot);
    case 'cache-stats':
      return { answers: figures(10 + slot), records: figures(20) };
    case 'cache-dump':
      return Array.from({ length: Math.min(ask.limit, 3) }, (_, i) => ({
        name: `n${i}-${slot}.corp.example.`,
        type: 'A',
        rule: 'rule-1',
        vpc: 'vpc-corp',
        kind: i === 2 ? 'nxdomain' : 'rrset',
        state: i === 1 ? 'stale' : 'fresh',
        ttl: i === 1 ? -7 : 100 - i,
        ageSeconds: 65,
        records: i === 2 ? [] : ['192.0.2.1', '192.0.2.2'],
      }));
    case 'cache-flush':
      return { removed: 1 };
    case 'explain':
      return { ...explanation, view: ask.vpc };
  }
};

export async function startFakeDaemon(options: {
  slots?: number;
  answer?: Answerer;
  daemon?: Partial<Daemon>;
}): Promise<FakeDaemon> {
  const state = mkdtempSync(join(tmpdir(), 'causeway-'));
  const workers = new Workers(systemClock);
  const asked: Ask[] = [];
  const logged: string[] = [];
  const log: Logger = createLogger({ thread: 'control', format: 'json', write: (line) => logged.push(line) });
  const channels = Array.from({ length: options.slots ?? 2 }, () => new MessageChannel());
  channels.forEach(({ port1, port2 }, slot) => {
    workers.attach(slot, 'plain', 1, port1 as unknown as Port);
    serveCalls<WorkerCall>(port2 as unknown as Port, async (call) => {
      if (!('ask' in call)) return { serving: call.snapshot.revision };
      asked.push(call.ask);
      return { answer: await (options.answer ?? answerFromTable)(call.ask, slot) };
    });
    port1.unref();
    port2.unref();
  });
  const fake = {
    reload: {
      applied: true,
      revision: 8,
      changes: ['zone internal.example. changed'],
      errors: [],
    } as ReloadReport,
  };
  const api: Pick<ApiDesk, 'keys' | 'accounts'> = {
    keys: new Keys({ folder: state, clock: systemClock, prng: cryptoPrng, log }),
    accounts: [
      { id: '000000000000', quotas: DEFAULT_QUOTAS },
      { id: '111122223333', name: 'network', quotas: DEFAULT_QUOTAS },
    ],
  };
  const socket = await ControlSocket.open(
    state,
    controlRoutes({
      workers,
      snapshot: () => snapshot,
      status: async () => status,
      anchors: () => anchors,
      geo: async (address) => ({ files: status.geo, ...(address === undefined ? {} : { client }) }),
      scrape: async () => new Plain(200, '# nothing\n'),
      reload: async () => fake.reload,
      whatIf: () => undefined,
      health: fakeHealth,
      api,
      store: fakeStore,
      vpcs: { store: undefined, declared: undefined },
      ...options.daemon,
    }),
    log,
  );
  const close = async (): Promise<void> => {
    await socket.close();
    workers.close();
    rmSync(state, { recursive: true, force: true });
  };
  return Object.assign(fake, { state, socket, workers, asked, logged, close });
}
