import { X509Certificate } from 'node:crypto';
import { type Path, targetToText } from '../resolver/path.ts';
import type { TargetStatus } from '../resolver/target.ts';
import { isoFromWall } from '../telemetry/text.ts';
import type {
  CacheDump,
  CacheEntry,
  CacheFigures,
  CacheReport,
  CertificateReport,
  Duty,
  EndpointReport,
  TargetReport,
  ViewReport,
  WorkerCaches,
  WorkerReport,
  WorkerStatus,
} from '../view/report.ts';
import type { Credentials, Snapshot } from '../view/snapshot.ts';
import { pinOf } from './certificates/own.ts';
import { NOBODY } from './compile/owners.ts';
import { AUTODEFINED_RECURSION } from './compile/paths.ts';

/** What each worker answered, by slot; undefined where it was silent. */
export type PerWorker<T> = readonly {
  readonly slot: number;
  readonly duty: Duty;
  readonly answer: T | undefined;
}[];

const NO_FIGURES: CacheFigures = { entries: 0, bytesUsed: 0, bytesBudget: 0, inserts: 0, evictions: 0 };

function addFigures(a: CacheFigures, b: CacheFigures): CacheFigures {
  return {
    entries: a.entries + b.entries,
    bytesUsed: a.bytesUsed + b.bytesUsed,
    bytesBudget: a.bytesBudget + b.bytesBudget,
    inserts: a.inserts + b.inserts,
    evictions: a.evictions + b.evictions,
  };
}

export function sumCaches(list: readonly WorkerCaches[]): WorkerCaches {
  return {
    answers: list.map((caches) => caches.answers).reduce(addFigures, NO_FIGURES),
    records: list.map((caches) => caches.records).reduce(addFigures, NO_FIGURES),
  };
}

export function cacheReport(perWorker: PerWorker<WorkerCaches>): CacheReport {
  const workers = perWorker.flatMap(({ slot, answer }) =>
    answer === undefined ? [] : [{ worker: slot, answers: answer.answers, records: answer.records }],
  );
  return { total: sumCaches(workers), workers };
}

/** Entries of all workers by name; at most `limit`. */
export function cacheDump(perWorker: PerWorker<readonly CacheEntry[]>, limit: number): CacheDump {
  const all = perWorker.flatMap(({ answer }) => answer ?? []).map(asReported);
  all.sort((a, b) => compare(a.name, b.name) || compare(a.type, b.type) || compare(a.vpc, b.vpc));
  const full = perWorker.some(({ answer }) => answer !== undefined && answer.length >= limit);
  return { entries: all.slice(0, limit), truncated: full || all.length > limit };
}

/** That a name does not exist holds for all types; what is stale has no time left, however long it is over. */
function asReported(entry: CacheEntry): CacheEntry {
  const type = entry.kind === 'nxdomain' ? '-' : entry.type;
  return { ...entry, type, ttl: Math.max(0, entry.ttl) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function workerReports(perWorker: PerWorker<WorkerStatus>): WorkerReport[] {
  return perWorker.map(({ slot, duty, answer }) => ({
    worker: slot,
    duty,
    state: answer === undefined ? 'silent' : answer.revision === 0 ? 'starting' : 'serving',
    revision: answer?.revision ?? 0,
    uptimeSeconds: answer?.uptimeSeconds ?? 0,
    inFlight: answer?.inFlight ?? 0,
  }));
}

/** From the best state of a breaker to the worst. */
const BREAKER_ORDER: readonly TargetStatus['breaker'][] = ['closed', 'suspect', 'half-open', 'open'];

/** The targets of the snapshot, view by view in the order of its rules, and then those of older ones that workers still measure. */
export function targetReports(snapshot: Snapshot, perWorker: PerWorker<WorkerStatus>): TargetReport[] {
  const seen = new Map<string, TargetStatus[]>();
  // The others ask a target only where a worker is away that owns the question, and may not learn that it is back.
  const owners = perWorker.filter(({ duty }) => duty === 'plain');
  for (const path of pathsByView(snapshot))
    if (path.kind === 'forward') for (const target of path.targets) seen.set(targetToText(target), []);
  for (const { answer } of owners)
    for (const target of answer?.targets ?? []) {
      const known = seen.get(target.text);
      if (known === undefined) seen.set(target.text, [target]);
      else known.push(target);
    }
  const workers = owners.filter(({ answer }) => answer !== undefined).length;
  return [...seen].map(([target, list]) => targetReport(target, list, workers));
}

/** The numbers of paths are as they came and went. */
function pathsByView({ views, paths }: Snapshot): Path[] {
  const candidates = views.flatMap(({ groups }) => groups.flat());
  return candidates.flatMap((each) => ('path' in each ? paths[each.path]! : []));
}

function targetReport(target: string, list: readonly TargetStatus[], workers: number): TargetReport {
  const sum = (key: keyof TargetStatus['counts']): number => list.reduce((s, t) => s + t.counts[key], 0);
  const measured = list.flatMap(({ srttMs }) => (srttMs === undefined ? [] : [srttMs]));
  const worst = Math.max(0, ...list.map(({ breaker }) => BREAKER_ORDER.indexOf(breaker)));
  return {
    target,
    breaker: BREAKER_ORDER[worst]!,
    givenUpBy: list.filter(({ breaker }) => breaker !== 'closed').length,
    workers,
    srttMs: measured.length === 0 ? undefined : Math.min(...measured),
    outstanding: list.reduce((total, { outstanding }) => total + outstanding, 0),
    counts: {
      sent: sum('sent'),
      answered: sum('answered'),
      timeouts: sum('timeouts'),
      errors: sum('errors'),
      refusals: sum('refusals'),
      tcp: sum('tcp'),
      hedges: sum('hedges'),
    },
  };
}

export function endpointReports(snapshot: Snapshot): EndpointReport[] {
  return snapshot.endpoints.map(({ id, listen, encrypted, protocols, view }) => ({
    id,
    listen: [
      ...listen.map(targetToText),
      ...(encrypted?.dot ?? []).map((at) => `tls://${targetToText(at)}`),
      ...(encrypted?.doh ?? []).map((at) => `https://${targetToText(at)}`),
    ],
    protocols,
    vpc: snapshot.views[view]?.vpc ?? 'by-source',
    ...(encrypted === undefined ? {} : { certificate: certificateReport(encrypted.credentials) }),
  }));
}

function certificateReport(credentials: Credentials): CertificateReport {
  const certificate = new X509Certificate(credentials.cert);
  return {
    names: certificate.subjectAltName ?? '',
    selfSigned: certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey),
    until: isoFromWall(certificate.validToDate.getTime()),
    pin: pinOf(credentials),
  };
}

/** How many private zones and rules a VPC has; autodefined ones go without saying. */
export function viewReports(snapshot: Snapshot): ViewReport[] {
  // The place of a VPC that is gone has no name.
  const views = snapshot.views.filter(({ vpc }) => vpc !== NOBODY);
  return views.map(({ vpc, groups, delegates }) => {
    const candidates = groups.flat();
    const rules = candidates.filter((each) => 'rule' in each && each.rule !== AUTODEFINED_RECURSION);
    return {
      vpc,
      zones: candidates.filter(({ kind }) => kind === 'zone').length,
      rules: rules.length + delegates.length,
    };
  });
}
