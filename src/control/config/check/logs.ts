import { posix } from 'node:path';
import type { Path } from '../problem.ts';
import { PUBLIC } from '../zones.ts';
import { type CheckContext, type Draft, derivedId, Once } from './context.ts';

type Log = NonNullable<NonNullable<Draft['logs']>[number]>;

/** Logs of queries: whose they are, and that no two write one file. */
export function checkLogs(context: CheckContext): void {
  const seen = { ids: new Once(), files: new Once(), destinations: new Once() };
  const zones = new PublicZones(context);
  context.draft.logs?.forEach((log, i) => {
    if (log === undefined) return;
    const path: Path = ['logs', i];
    const first = log.id && seen.ids.add(log.id, [...path, 'id']);
    if (first)
      context.error([...path, 'id'], `id "${log.id}" is taken by ${first}`, 'give each log an id of its own');
    checkFile(context, log, seen.files, path);
    checkDestinations(context, log, seen.destinations, path);
    if (log.to?.kind === 'http')
      checkAuthorization(context, log.to.url, log.http?.authorization, [...path, 'to']);
    if (log.format !== undefined) {
      checkDestination(context, log, path);
      checkFormat(context, log, path);
    }
    context.associatedVpcs(log.vpcs, [...path, 'vpcs']);
    log.zones?.forEach((zone, j) => {
      zones.check(zone, [...path, 'zones', j]);
    });
  });
}

function checkFile(context: CheckContext, { to }: Log, files: Once, path: Path): void {
  if (to?.kind !== 'file' || to.path === undefined) return;
  const first = files.add(posix.normalize(to.path), [...path, 'to']);
  if (first)
    context.error(
      [...path, 'to'],
      `${to.path} is written by the log at ${first}`,
      'give each log a file of its own',
    );
}

function checkDestination(context: CheckContext, { format, to }: Log, path: Path): void {
  if (to === undefined) return;
  for (const kind of ['syslog', 'http'] as const)
    if (to.kind !== kind && context.has([...path, kind]))
      context.error([...path, kind], `this log does not go to ${kind}`, `leave it out, or change to`);
  if ((format === 'dnstap') === (to.kind === 'dnstap')) return;
  const [wrong, remedy] =
    format === 'dnstap'
      ? ['dnstap goes to a socket', 'write unix:PATH or tcp://ADDRESS:PORT']
      : ['only dnstap goes there', 'write a path, stdout, a syslog server or a URL; or format: dnstap'];
  context.error([...path, 'to'], wrong, remedy);
}

/** A token that everybody on the way can read, and use. */
function checkAuthorization(
  context: CheckContext,
  url: string | undefined,
  authorization: string | undefined,
  path: Path,
): void {
  if (url === undefined || authorization === undefined) return;
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || LOOPBACK.test(hostname)) return;
  context.warn(path, 'the Authorization header goes to another host without encryption', 'write https://');
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/;

/** Traces are sent like logs. */
export function checkTraces(context: CheckContext): void {
  const { traces } = context.draft;
  checkAuthorization(context, traces?.to, traces?.authorization, ['traces', 'to']);
}

/** One may be a log of Resolver's and one of a public zone's. */
function checkDestinations(
  context: CheckContext,
  { format, destinations }: Log,
  known: Once,
  path: Path,
): void {
  destinations?.forEach((destination, j) => {
    const at: Path = [...path, 'destinations', j];
    const first = destination && format && known.add(`${format} ${destination}`, at);
    if (first)
      context.error(
        at,
        `"${destination}" is the log at ${first}`,
        'a destination is one log: leave it out here',
      );
  });
}

const OF_FORMAT = {
  resolver: { own: ['vpcs', 'destinations'], alien: ['zones'] },
  public: { own: ['zones', 'destinations'], alien: ['vpcs', 'firewallActions'] },
  dnstap: { own: ['vpcs', 'zones'], alien: ['destinations'] },
} as const;

const REMEDIES = {
  vpcs: 'vpcs',
  zones: 'zones',
  destinations: 'destinations by which the API knows this log',
} as const;

function checkFormat(context: CheckContext, { format }: Log, path: Path): void {
  const { own, alien } = OF_FORMAT[format!];
  const wrong = alien.filter((key) => context.has([...path, key]));
  const [first, second] = own;
  for (const key of wrong)
    context.error([...path, key], `a log of format ${format} has no ${key}`, `leave it out; it has ${first}`);
  if (wrong.length === 0 && !own.some((key: string) => context.has([...path, key])))
    context.error(path, 'nothing is logged here', `add ${REMEDIES[first]}, or ${REMEDIES[second]}`);
}

/** The ids of public zones of the configuration. */
class PublicZones {
  readonly #context: CheckContext;
  readonly #ids: ReadonlySet<string>;
  readonly #privateIds: ReadonlySet<string>;

  constructor(context: CheckContext) {
    this.#context = context;
    const ids = new Set<string>();
    const privateIds = new Set<string>();
    context.draft.zones?.forEach((zone, i) => {
      if (zone === undefined) return;
      const isPublic = !context.has(['zones', i, 'vpcs']);
      const made = zone.name && derivedId(zone.name, isPublic ? [PUBLIC] : (zone.vpcs ?? []));
      const known = zone.id ?? made;
      if (known !== undefined) (isPublic ? ids : privateIds).add(known);
    });
    this.#ids = ids;
    this.#privateIds = privateIds;
  }

  check(zone: string | undefined, path: Path): void {
    if (zone === undefined || this.#ids.has(zone)) return;
    if (this.#privateIds.has(zone))
      this.#context.error(path, `zone "${zone}" is private`, 'log its VPCs, in a log of format resolver');
    else this.#context.unknown(path, `no public zone has the id "${zone}"`, zone, this.#ids);
  }
}
