import { NXDOMAIN } from '../cache/key.ts';
import { RANK } from '../cache/rank.ts';
import type { RecordCache } from '../cache/records.ts';
import { addressToText } from '../util/cidr.ts';
import { isValidationError, TYPE } from '../wire/constants.ts';
import { isAtOrBelow, labelCount, type Name } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { DEPTH_MAX } from './budget.ts';
import { ContextTable } from './contexttable.ts';
import type { Contact, NameServer, ZoneCut } from './cut.ts';
import { type FetchFailure, isLimit, type Job, type Limit } from './finding.ts';
import { isIpv6, type Path, type RecursivePath } from './path.ts';
import type { Fetch, Recursor } from './recursor.ts';
import { ADDRESSES_MAX, type Referral } from './referral.ts';
import type { RecursionSettings } from './settings.ts';

/** The least time for which it is known what came of looking for addresses, in seconds. */
const LOOKED_UP_SECONDS_MIN = 5;

/** Names of servers that are longer are looked up unseen: to look at delegations takes a step for each label. */
const LABELS_MAX = 10;

/** Names of servers of which is remembered who was asked for them in vain; the longest unused goes first. */
const IN_VAIN_MAX = 4_096;

/** What came of looking for a server's addresses. `cached`: no packet was needed. A limit: others may find them. */
export type LookedUp = 'cached' | 'found' | 'failed' | Limit;

interface InVain {
  readonly type: number;
  readonly contacts: readonly Contact[];
  readonly until: number;
}

type Finder = Pick<Recursor, 'env' | 'settings' | 'cuts' | 'contactsOf' | 'isOn' | 'fetch'>;

/** Finds the addresses of a zone's servers, by glue and by sub-queries, and makes contacts of them. */
export class ServerAddresses {
  readonly #recursor: Finder;
  readonly #cache: RecordCache;
  readonly #inVain = new ContextTable<InVain>(IN_VAIN_MAX);

  constructor(recursor: Finder, cache: RecordCache) {
    this.#recursor = recursor;
    this.#cache = cache;
  }

  /** Makes contacts of the glue that came with a new cut. */
  addGlue(cut: ZoneCut, { servers }: Referral): void {
    for (const { glue } of servers)
      for (const address of glue) this.#addContact(cut, address, Number.POSITIVE_INFINITY);
  }

  #addContact(cut: ZoneCut, address: string, expiresAt: number): void {
    const { env, settings } = this.#recursor;
    if (!isAskable(address, settings)) return;
    cut.addContact(env.targets.at(address, settings.port), expiresAt);
  }

  /** A server of the cut whose addresses may be looked up; one whose own zone has an address, if there is any. */
  next(job: Job, path: RecursivePath, cut: ZoneCut, tried: readonly NameServer[]): NameServer | undefined {
    const now = this.#now();
    const open = cut.servers.filter(
      (server) => server.lookedUpUntil <= now && !tried.includes(server) && isElsewhere(server, cut),
    );
    if (open.length < 2) return open[0];
    const first = this.#recursor.env.prng.below(open.length);
    for (let i = 0; i < open.length; i++) {
      const server = open[(first + i) % open.length]!;
      if (this.#isNear(job, path, server.name)) return server;
    }
    return open[first];
  }

  #isNear(job: Job, path: RecursivePath, name: Name): boolean {
    const by = jobFor(job, path, name);
    if (by === undefined) return false;
    // Mostly it is in the cache: one look says that, and no more has to be known here.
    return (
      this.#addressTypes().some((type) => this.#cache.has(by.path.context, name, type)) ||
      this.#unopenedAt(by, name) === undefined
    );
  }

  /** Who was asked in vain for the addresses of a server, by a sub-query that came to a limit before it had asked all. */
  inVain(context: number, name: Name, type: number): readonly Contact[] {
    const known = this.#inVain.size === 0 ? undefined : this.#inVain.get(context, name);
    return known !== undefined && known.type === type && this.#now() < known.until
      ? known.contacts
      : NO_CONTACTS;
  }

  /**
   * Remembers that: a failure is one of a question and a server (RFC 9520 section 3.2). Those that were not asked may be.
   */
  wereInVain(context: number, name: Name, type: number, contacts: readonly Contact[]): void {
    const until = this.#now() + 1000 * LOOKED_UP_SECONDS_MIN;
    this.#inVain.set(context, name, { type, contacts, until });
  }

  /** Finds the addresses of a server and makes contacts of them. */
  lookUp(
    job: Job,
    path: RecursivePath,
    cut: ZoneCut,
    server: NameServer,
    parent: Fetch,
  ): LookedUp | Promise<LookedUp> {
    const by = jobFor(job, path, server.name);
    return by === undefined
      ? this.#failed(server)
      : this.#lookUpTypes(by, cut, server, this.#addressTypes(), parent);
  }

  #lookUpTypes(
    job: Job,
    cut: ZoneCut,
    server: NameServer,
    types: readonly number[],
    parent: Fetch,
  ): LookedUp | Promise<LookedUp> {
    const [type, ...others] = types;
    if (type === undefined) return this.#failed(server);
    const known = this.#cache.get(job.path.context, server.name, type);
    // Nobody validates addresses of servers: that a client's question for one failed by that says nothing of it.
    const isOfUse =
      known?.kind === 'failure' ? !isValidationError(known.failure?.ede) : known?.state === 'fresh';
    if (known !== undefined && isOfUse) {
      if (known.kind === 'nxdomain') return this.#failed(server);
      if (known.rrset === undefined) return this.#lookUpTypes(job, cut, server, others, parent);
      this.#addAddresses(cut, server, known.rrset);
      return 'cached';
    }
    const prospect = this.#prospectOf(job, server, parent.depth + 1);
    if (prospect !== 'open') return prospect;
    return this.#fetch(job, server.name, type, parent).then((found) => {
      if (found === 'none') return this.#failed(server);
      // What one query may not do says nothing of the server.
      if (typeof found === 'string') return found;
      if (found === undefined) return this.#lookUpTypes(job, cut, server, others, parent);
      this.#addAddresses(cut, server, found);
      return 'found';
    });
  }

  #failed(server: NameServer): 'failed' {
    server.lookedUpUntil = this.#now() + 1000 * LOOKED_UP_SECONDS_MIN;
    return 'failed';
  }

  /**
   * Whether to look for a server, by what is known of delegations: its zone, or where nobody there has an address the zones
   * of those that serve it, and so on, to one that has, or of which nothing is known. `failed`: there is none, only circles
   * (TsuNAME), which all names below would go round. That is so for whoever asks. Each zone on the way costs a sub-query.
   * @param depth of the sub-query for its address
   */
  #prospectOf(job: Job, server: NameServer, depth: number): 'open' | 'failed' | 'depth' | 'budget' {
    const first = this.#unopenedAt(job, server.name);
    if (first === undefined) return 'open';
    const seen = new Set([first]);
    const now = this.#now();
    let until = now + 1000 * LOOKED_UP_SECONDS_MIN;
    for (let level = [first], at = depth + 1; level.length > 0; at++) {
      const further: ZoneCut[] = [];
      for (const cut of level) {
        if (!job.budget.takeFetch()) return 'budget';
        for (const next of cut.servers) {
          if (!isElsewhere(next, cut)) continue;
          if (next.lookedUpUntil > now) {
            until = Math.min(until, next.lookedUpUntil);
            continue;
          }
          const zone = this.#unopenedAt(job, next.name);
          if (zone === undefined) return at > DEPTH_MAX ? 'depth' : 'open';
          if (seen.has(zone)) continue;
          seen.add(zone);
          further.push(zone);
        }
      }
      level = further;
    }
    server.lookedUpUntil = until;
    return 'failed';
  }

  /** The zone of a server, where its address is not known, nor that of any server of that zone. */
  #unopenedAt(job: Job, name: Name): ZoneCut | undefined {
    const { path } = job;
    if (path.kind !== 'recursive' || jobFor(job, path, name) !== job || labelCount(name) > LABELS_MAX)
      return undefined;
    for (const type of this.#addressTypes()) {
      const known = this.#cache.peek(path.context, name, type);
      if (known?.kind === 'rrset' && known.state === 'fresh') return undefined;
    }
    const now = this.#now();
    // What came of a delegation is known for so long from when it was learned, even if it may not be kept.
    const lately = now - 1000 * LOOKED_UP_SECONDS_MIN;
    const cut = this.#recursor.cuts.deepest(path.context, name, lately);
    if (cut === undefined || !this.#recursor.isOn(path, cut)) return undefined;
    if (cut.expiresAt <= now && cut.learnedAt <= lately) return undefined;
    return this.#recursor.contactsOf(cut).length > 0 ? undefined : cut;
  }

  /** IPv4 first: where it answers, no question for the other is needed. */
  #addressTypes(): number[] {
    const {
      env: { targets },
      settings: { ipv4, ipv6 },
    } = this.#recursor;
    const types: number[] = ipv4 ? [TYPE.A] : [];
    const hasRoute = ipv6 === 'auto' && targets.hasRoute('::', this.#now());
    if (ipv6 === 'on' || hasRoute) types.push(TYPE.AAAA);
    return types;
  }

  /** `none`: there is no such name. What is learned is kept, failures too: other delegations name the same servers. */
  async #fetch(
    job: Job,
    name: Name,
    type: number,
    parent: Fetch,
  ): Promise<Rrset | 'none' | Limit | undefined> {
    const found = await this.#recursor.fetch(job, name, type, parent);
    const { context } = job.path;
    if (found.kind === 'failure') {
      const { code, text } = found.ede;
      if (isLimit(found.reason)) return found.reason;
      if (isLasting(found.reason)) this.#cache.putFailure(context, name, type, { ede: code, text });
      return undefined;
    }
    const { scrubbed } = found;
    // Nothing of it is validated: a client's question that failed by that fails still.
    const extra = { keepsFailure: job.path.validate };
    // An alias is no name of a server (RFC 2181 section 10.3).
    if (scrubbed.chain.length > 0) return undefined;
    switch (scrubbed.kind) {
      case 'nodata':
        this.#cache.putNegative(context, name, type, scrubbed.soa, RANK.authorityAuthoritative, extra);
        return undefined;
      case 'nxdomain':
        this.#cache.putNegative(context, name, NXDOMAIN, scrubbed.soa, RANK.authorityAuthoritative, extra);
        return 'none';
      case 'answer':
        this.#cache.putRrset(context, scrubbed.rrsets[0]!, RANK.answerAuthoritative, extra);
        return scrubbed.rrsets[0];
      default:
        return undefined;
    }
  }

  #addAddresses(cut: ZoneCut, server: NameServer, rrset: Rrset): void {
    const until = this.#now() + 1000 * Math.max(LOOKED_UP_SECONDS_MIN, rrset.ttl);
    server.lookedUpUntil = until;
    for (const rdata of rrset.rdatas.slice(0, ADDRESSES_MAX))
      this.#addContact(cut, addressToText(rdata), until);
  }

  #now(): number {
    return this.#recursor.env.clock.now();
  }
}

const NO_CONTACTS: readonly Contact[] = [];

/** Not one that has to be asked for its own address. */
function isElsewhere({ name }: NameServer, { zone }: ZoneCut): boolean {
  return name.length > 1 && !isAtOrBelow(name, zone);
}

/**
 * What is to be asked of `name`'s servers: those of a stub zone know their own names only, others are asked by the
 * path above. Undefined: there is none.
 */
function jobFor(job: Job, path: RecursivePath, name: Name): Job | undefined {
  let at: Path | undefined = path;
  while (at !== undefined && !isAtOrBelow(name, at.kind === 'recursive' ? at.origin : at.domain))
    at = at.above;
  return at && (at === job.path ? job : { ...job, path: at });
}

/** The failure is the servers', not that of this query's limits. */
function isLasting(reason: FetchFailure): boolean {
  return reason === 'silent' || reason === 'refused' || reason === 'no-server';
}

/** Addresses that are no server's: this host's own, of this network, of groups, of a link. */
function isAskable(address: string, { loopbackServers }: RecursionSettings): boolean {
  if (isIpv6(address)) {
    if (address === '::1') return loopbackServers;
    return !/^(::$|::ffff:|fe[89ab]|ff)/.test(address);
  }
  const first = Number.parseInt(address, 10);
  if (first === 127) return loopbackServers;
  return first !== 0 && first < 224;
}
