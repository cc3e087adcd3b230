/**
 * The configuration fragment of a scenario, in Unbound's notation, as far as it means something here. An option that
 * is not known is an error: what is passed over is passed over on purpose, and listed.
 */
import type { NegativeTrustAnchor, RecursionSettings, TrustAnchor } from '../../../src/resolver/settings.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { type Name, nameEquals, nameFromText, ROOT } from '../../../src/wire/name.ts';
import { parseRecord } from './packet.ts';

export interface Config {
  readonly recursion: RecursionSettings;
  /** Wall clock at the beginning, milliseconds; undefined: signatures are to be taken whatever their dates are. */
  readonly wallMs: number | undefined;
  readonly zones: readonly ZoneServers[];
  /** Names of locally served zones that are not to be. */
  readonly withoutLocal: readonly Name[];
  readonly ttl: { readonly floor: number; readonly ceiling: number; readonly negativeCeiling: number };
  readonly prefetch: boolean;
  readonly serveStale: boolean;
  readonly case0x20: boolean;
}

/** `stub-zone:` (authoritative servers) and `forward-zone:` (resolvers). */
export interface ZoneServers {
  readonly kind: 'stub' | 'forward';
  readonly name: Name;
  readonly addresses: readonly string[];
}

/** Where a scenario says nothing: some day. */
const DEFAULT_WALL_MS = Date.UTC(2023, 10, 14);
/** Unbound's defaults (unbound.conf(5)). */
const DEFAULT_TTL = { floor: 0, ceiling: 86_400, negativeCeiling: 3600 };

/** Options that change nothing here; the README beside the scenarios says why. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'access-control',
  'discard-timeout',
  'ede',
  'fake-sha1',
  'forward-first',
  'harden-below-nxdomain',
  'harden-referral-path',
  'harden-unknown-additional',
  'iter-scrub-ns',
  'iter-scrub-promiscuous',
  'log-servfail',
  'minimal-responses',
  'rrset-roundrobin',
  'target-fetch-policy',
  'val-log-level',
]);

interface Option {
  readonly clause: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** Throws Error. */
export function parseConfig(text: string): Config {
  const options = readOptions(text);
  const server = options.filter(({ clause }) => clause === 'server' || clause === '');
  for (const { clause, key } of options) checkKnown(clause, key);
  const last = (key: string): string | undefined =>
    server.findLast((option) => option.key === key)?.values[0];
  const all = (key: string): string[] =>
    server.filter((option) => option.key === key).map(({ values }) => values[0]!);
  return {
    recursion: recursionOf(last, all),
    wallMs: wallOf(last('val-override-date')),
    zones: zonesOf(options),
    withoutLocal: server
      .filter(({ key, values }) => key === 'local-zone' && values[1] === 'nodefault')
      .map(({ values }) => nameFromText(values[0]!, ROOT)),
    ttl: {
      floor: Number(last('cache-min-ttl') ?? DEFAULT_TTL.floor),
      ceiling: Number(last('cache-max-ttl') ?? DEFAULT_TTL.ceiling),
      negativeCeiling: Number(last('cache-max-negative-ttl') ?? DEFAULT_TTL.negativeCeiling),
    },
    prefetch: last('prefetch') === 'yes',
    serveStale: last('serve-expired') === 'yes',
    case0x20: last('use-caps-for-id') === 'yes',
  };
}

const SERVER_KEYS: ReadonlySet<string> = new Set([
  'aggressive-nsec',
  'cache-max-negative-ttl',
  'cache-max-ttl',
  'cache-min-ttl',
  'do-ip4',
  'do-ip6',
  'domain-insecure',
  'local-zone',
  'prefetch',
  'qname-minimisation',
  'qname-minimisation-strict',
  'root-key-sentinel',
  'serve-expired',
  'trust-anchor',
  'trust-anchor-signaling',
  'use-caps-for-id',
  'val-override-date',
]);
const ZONE_KEYS: ReadonlySet<string> = new Set(['name', 'stub-addr', 'forward-addr']);

function checkKnown(clause: string, key: string): void {
  const known = clause === 'server' || clause === '' ? SERVER_KEYS : ZONE_KEYS;
  if (!known.has(key) && !PASSED_OVER.has(key)) throw new Error(`option ${key} means nothing to the runner`);
}

const CLAUSES: ReadonlySet<string> = new Set(['server', 'stub-zone', 'forward-zone']);

/** `key: value value`, in any number of lines; a key is a bare word that ends in a colon. */
function readOptions(text: string): Option[] {
  const options: { clause: string; key: string; values: string[] }[] = [];
  let clause = '';
  let zones = 0;
  for (const [token, quoted] of text.matchAll(/"([^"]*)"|[#;].*|[^\s"]+/g)) {
    if (quoted === undefined && /^[#;]/.test(token)) continue;
    const key = quoted === undefined && /^[a-z][\w-]*:$/.test(token) ? token.slice(0, -1) : undefined;
    if (key === undefined) options.at(-1)?.values.push(quoted ?? token);
    // Each zone clause is one of its own.
    else if (CLAUSES.has(key)) clause = key === 'server' ? key : `${key} ${zones++}`;
    else options.push({ clause, key, values: [] });
  }
  return options;
}

function recursionOf(
  last: (key: string) => string | undefined,
  all: (key: string) => string[],
): RecursionSettings {
  return {
    qnameMinimisation: minimisationOf(last('qname-minimisation'), last('qname-minimisation-strict')),
    ednsPayload: 1232,
    priming: true,
    ipv4: last('do-ip4') !== 'no',
    ipv6: last('do-ip6') === 'no' ? 'off' : 'on',
    loopbackServers: false,
    port: 53,
    aggressiveNsec: last('aggressive-nsec') !== 'no',
    // Unbound counts algorithms 5 and 7 as supported where the crypto library does, which `fake-sha1` pretends.
    sha1: true,
    anchors: anchorsOf(all('trust-anchor')),
    ntas: all('domain-insecure').map(ntaOf),
    keyTagSignal: last('trust-anchor-signaling') !== 'no',
    keySentinel: last('root-key-sentinel') !== 'no',
  };
}

function minimisationOf(
  on: string | undefined,
  strict: string | undefined,
): RecursionSettings['qnameMinimisation'] {
  if (on === 'no') return 'off';
  return strict === 'yes' ? 'strict' : 'relaxed';
}

/** Records in zone-file form; those of one zone make one anchor. */
function anchorsOf(texts: readonly string[]): TrustAnchor[] {
  const anchors: { zone: Name; ds: Uint8Array[]; dnskey: Uint8Array[] }[] = [];
  for (const { name, type, rdata } of texts.map((text) => parseRecord(text.trim()))) {
    let anchor = anchors.find(({ zone }) => nameEquals(zone, name));
    if (anchor === undefined) anchors.push((anchor = { zone: name, ds: [], dnskey: [] }));
    (type === TYPE.DS ? anchor.ds : anchor.dnskey).push(rdata);
  }
  return anchors;
}

function ntaOf(domain: string): NegativeTrustAnchor {
  return { domain: nameFromText(domain, ROOT), until: undefined, reason: 'scenario' };
}

/** `20070916134226`; `-1` switches the check of dates off. */
function wallOf(text: string | undefined): number | undefined {
  if (text === undefined) return DEFAULT_WALL_MS;
  if (text === '-1') return undefined;
  const [, date, time] = /^(\d{8})(\d{6})$/.exec(text) ?? [];
  if (date === undefined || time === undefined) throw new Error(`val-override-date ${text}`);
  const [day, clock] = [date.replace(/(....)(..)/, '$1-$2-'), time.replace(/(..)(..)/, '$1:$2:')];
  return Date.parse(`${day}T${clock}Z`);
}

function zonesOf(options: readonly Option[]): ZoneServers[] {
  const clauses = [...new Set(options.map(({ clause }) => clause))].filter((clause) => /zone/.test(clause));
  return clauses.map((clause) => {
    const own = options.filter((option) => option.clause === clause);
    const kind = clause.startsWith('stub') ? 'stub' : 'forward';
    return {
      kind,
      name: nameFromText(own.find(({ key }) => key === 'name')?.values[0] ?? '', ROOT),
      addresses: own.filter(({ key }) => key === `${kind}-addr`).map(({ values }) => values[0]!),
    };
  });
}
