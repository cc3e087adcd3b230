import * as z from 'zod';
import { AddressError, CidrTable, parseAddress } from '../util/cidr.ts';
import { RpcError } from '../util/rpc.ts';
import type { Ask } from '../view/channel.ts';
import type { Explanation } from '../view/explain.ts';
import type { AnchorsReport, Flushed, GeoReport, ReloadReport, StatusReport } from '../view/report.ts';
import type { Snapshot } from '../view/snapshot.ts';
import { isTopKind, type TopReport } from '../view/top.ts';
import { TextError } from '../wire/error.ts';
import { type Name, nameFromText } from '../wire/name.ts';
import { questionTypeFromText } from '../wire/rdata/table.ts';
import type { ApiDesk } from './api/desk.ts';
import { keyRoutes } from './api/routes.ts';
import { NOBODY } from './compile/owners.ts';
import type { HealthDesk } from './health/desk.ts';
import { healthRoutes } from './health/routes.ts';
import { type VpcMeans, vpcRoutes } from './hosted/vpcdesk.ts';
import { HttpFault, Plain, type Routes, readBody } from './http.ts';
import { cacheDump, cacheReport } from './reports.ts';
import type { StoreDesk } from './store/desk.ts';
import { storeRoutes } from './store/routes.ts';
import { topReport } from './top.ts';
import { type WhatIfMeans, whatIf, whatIfBody } from './whatif.ts';
import type { Workers } from './workers.ts';

/** What the routes need of the control thread. */
export interface Daemon {
  readonly workers: Pick<Workers, 'askAll' | 'askInTurn' | 'askOne'>;
  readonly snapshot: () => Snapshot | undefined;
  readonly status: () => Promise<StatusReport>;
  /** Undefined while no configuration is in force. */
  readonly anchors: () => AnchorsReport | undefined;
  /** Undefined while no configuration is in force. */
  readonly geo: (address: Uint8Array | undefined) => Promise<GeoReport | undefined>;
  readonly scrape: () => Promise<Plain>;
  readonly reload: () => Promise<ReloadReport>;
  readonly health: Pick<HealthDesk, 'reports' | 'setAlarm' | 'routingControls' | 'setControls'>;
  readonly api: Pick<ApiDesk, 'keys' | 'accounts'>;
  readonly store: Pick<StoreDesk, 'audit' | 'backup'>;
  readonly vpcs: VpcMeans;
  /** What trying another world takes; undefined while no configuration is in force. */
  readonly whatIf: () => WhatIfMeans | undefined;
}

const DUMP_DEFAULT = 1000;
const DUMP_MAX = 100_000;
/** A worker walks its whole cache for a dump or a flush of a subtree. */
const WALK_MS_MAX = 30_000;
/** Longer than the budget of any question. */
const LIVE_MS_MAX = 15_000;

/** For scrapers and probes: nothing here changes anything or needs a body. */
export function probeRoutes(daemon: Daemon): Routes {
  return {
    'GET /metrics': () => daemon.scrape(),
    'GET /healthz': () => new Plain(200, 'ok\n'),
    'GET /readyz': async () => {
      const { ready } = await daemon.status();
      return new Plain(ready ? 200 : 503, ready ? 'ready\n' : 'not ready\n');
    },
  };
}

/** For the operator, on the control socket only. */
export function controlRoutes(daemon: Daemon): Routes {
  return {
    ...probeRoutes(daemon),
    'GET /status': () => daemon.status(),
    'GET /anchors': () => anchors(daemon),
    'GET /geo': ({ query }) => geo(daemon, query.get('address')),
    'GET /cache/stats': async () => cacheReport(await daemon.workers.askAll({ ask: 'cache-stats' })),
    'GET /cache/dump': async ({ query }) => {
      const limit = readLimit(query.get('limit'));
      return cacheDump(await daemon.workers.askAll({ ask: 'cache-dump', limit }, WALK_MS_MAX), limit);
    },
    'POST /cache/flush': ({ body }) => flush(daemon, body),
    'GET /top': ({ query }) => top(daemon, query),
    'POST /explain': ({ body }) => explain(daemon, body),
    'POST /reload': () => daemon.reload(),
    ...healthRoutes(daemon.health),
    ...keyRoutes(daemon.api),
    ...storeRoutes(daemon.store),
    ...vpcRoutes(daemon.vpcs),
    'POST /what-if': ({ body }) => whatIf(known(daemon.whatIf()), readBody(whatIfBody, body)),
  };
}

async function top(daemon: Daemon, query: URLSearchParams): Promise<TopReport> {
  const kind = query.get('kind') ?? 'names';
  if (!isTopKind(kind)) throw new HttpFault(400, `kind is ${JSON.stringify(kind)}`, 'write names or clients');
  const vpc = query.get('vpc') ?? undefined;
  if (vpc !== undefined) knownVpc(daemon, vpc);
  const answers = await daemon.workers.askAll<'top'>({ ask: 'top', kind });
  const sketches = answers.flatMap(({ answer }) => answer ?? []);
  return topReport(kind, sketches, vpc, readLimit(query.get('limit')));
}

function readLimit(text: string | null): number {
  if (text === null) return DUMP_DEFAULT;
  const limit = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= DUMP_MAX) return limit;
  throw new HttpFault(400, `limit is ${JSON.stringify(text)}`, `write a number from 1 to ${DUMP_MAX}`);
}

const flushBody = z.strictObject({
  name: z.string(),
  subtree: z.boolean().default(false),
  vpc: z.string().optional(),
});

async function flush(daemon: Daemon, body: unknown): Promise<Flushed> {
  const { name, subtree, vpc } = readBody(flushBody, body);
  if (vpc !== undefined) knownVpc(daemon, vpc);
  const ask: Ask = {
    ask: 'cache-flush',
    name: readName(name),
    subtree,
    ...(vpc === undefined ? {} : { vpc }),
  };
  const answers = await daemon.workers.askInTurn<'cache-flush'>(ask, WALK_MS_MAX);
  return { removed: answers.reduce((sum, { answer }) => sum + (answer?.removed ?? 0), 0) };
}

const explainBody = z.strictObject({
  name: z.string(),
  type: z.string(),
  vpc: z.string().optional(),
  client: z.string().optional(),
  live: z.boolean().default(false),
});

async function explain(daemon: Daemon, body: unknown): Promise<Explanation> {
  const { name, type, vpc, client, live } = readBody(explainBody, body);
  const code = questionTypeFromText(type);
  if (code === undefined)
    throw new HttpFault(400, `no record type ${JSON.stringify(type)}`, 'write one such as A');
  const address = client === undefined ? undefined : readAddress(client);
  const ask: Ask = {
    ask: 'explain',
    name: readName(name),
    type: code,
    vpc: vpc === undefined ? vpcOf(daemon, client, address) : vpcWith(daemon, vpc, client, address),
    live,
    ...(client === undefined ? {} : { client }),
  };
  let explanation: Explanation | undefined;
  try {
    explanation = await daemon.workers.askOne<'explain'>(ask, LIVE_MS_MAX);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    throw new HttpFault(503, `the worker does not explain: ${error.message}`, "see the daemon's log");
  }
  if (explanation === undefined) throw new HttpFault(503, 'no worker is running', "see the daemon's log");
  return explanation;
}

function readName(text: string): Name {
  try {
    return nameFromText(text);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new HttpFault(
      400,
      `${JSON.stringify(text)} is no domain name: ${error.message}`,
      'write it as dig takes it',
    );
  }
}

function readAddress(text: string): Uint8Array {
  try {
    return parseAddress(text);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new HttpFault(
      400,
      `${JSON.stringify(text)} is no address: ${error.message}`,
      'write an IP address',
    );
  }
}

function anchors(daemon: Daemon): AnchorsReport {
  return known(daemon.anchors());
}

async function geo(daemon: Daemon, address: string | null): Promise<GeoReport> {
  return known(await daemon.geo(address === null ? undefined : readAddress(address)));
}

function inForce(daemon: Daemon): Snapshot {
  return known(daemon.snapshot());
}

function known<T>(of: T | undefined): T {
  if (of === undefined) throw new HttpFault(503, 'no configuration is in force yet', 'try again in a moment');
  return of;
}

function knownVpc(daemon: Daemon, vpc: string): string {
  const known = inForce(daemon).views.flatMap(({ vpc: id }) => (id === NOBODY ? [] : [id]));
  if (known.includes(vpc)) return vpc;
  throw new HttpFault(404, `no VPC ${JSON.stringify(vpc)}`, `known are ${known.join(', ') || 'none'}`);
}

/** The VPC that is named, unless the client is in another. One in none may get any: an endpoint may give it that. */
function vpcWith(daemon: Daemon, vpc: string, client?: string, address?: Uint8Array): string {
  knownVpc(daemon, vpc);
  const { clients, views } = inForce(daemon);
  const own = address === undefined ? undefined : views[CidrTable.from(clients).lookup(address)]?.vpc;
  if (own === undefined || own === vpc) return vpc;
  throw new HttpFault(409, `${client} is in VPC ${own}, not in ${vpc}`, 'leave out the VPC or the client');
}

/** The VPC whose addresses the client's is among, as the servers find it. */
function vpcOf(daemon: Daemon, client: string | undefined, address: Uint8Array | undefined): string {
  if (address === undefined) throw new HttpFault(400, 'neither a VPC nor a client', 'say one of them');
  const { clients, views } = inForce(daemon);
  const vpc = views[CidrTable.from(clients).lookup(address)]?.vpc;
  if (vpc !== undefined) return vpc;
  throw new HttpFault(404, `${client} is in no VPC`, 'name the VPC whose view is meant');
}
