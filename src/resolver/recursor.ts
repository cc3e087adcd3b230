import { NXDOMAIN } from '../cache/key.ts';
import { RANK } from '../cache/rank.ts';
import type { RecordCache } from '../cache/records.ts';
import { addressToText } from '../util/cidr.ts';
import { FLAG, isValidationError, RCODE, TYPE } from '../wire/constants.ts';
import type { Message } from '../wire/message.ts';
import { isAtOrBelow, type Name, nameEquals, nameToText, ROOT } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { Asking, type AskingOwner } from './asking.ts';
import type { AttemptQuestion } from './attempt.ts';
import { BUDGET_FETCHES } from './budget.ts';
import { probeContact } from './contactprobe.ts';
import { ContextTable } from './contexttable.ts';
import { type Contact, DELEGATION_SECONDS_MAX, type NameServer, ZoneCut, ZoneCuts } from './cut.ts';
import type { Env } from './env.ts';
import type { FetchFailure, Finding, Found, Job } from './finding.ts';
import { type Forwarded, Forwarding } from './forward.ts';
import type { Inquiry } from './inquiry.ts';
import { failedFetch, Iteration } from './iterate.ts';
import { LocalRoot } from './localroot.ts';
import { type ForwardPath, isIpv6, type Path, type RecursivePath, targetToText } from './path.ts';
import type { Probes } from './probe.ts';
import { ADDRESSES_MAX, glueOf, type Judged, SERVERS_USED_MAX } from './referral.ts';
import { rrsetAt } from './scrub.ts';
import type { RecursionSettings } from './settings.ts';
import { Targets } from './target.ts';
import { Underway } from './underway.ts';

/** Sub-queries of sub-queries: addresses of servers of servers. BIND's figure. */
export const DEPTH_MAX = 7;
/** Addresses of authoritative servers whose times are remembered. */
const SERVERS_MAX = 32_768;
/** How long hints that could not be primed are used before that is tried again. */
const UNPRIMED_MS = 60_000;
/** The least and the most that addresses of servers are taken for granted, in seconds. */
const CONTACT_SECONDS_MIN = 5;
/** How long another is waited for where one said what is bogus: keys, DS records and answer, within a client's 4.5 s. */
const ELSEWHERE_MS = 1_200;
/** Servers that said that they do not serve a zone and are asked for another of its names, where there are no others. */
const LAME_ASKED_MAX = 3;

/** A question on its way, whoever needs it: sub-queries and client queries that need the same share one. */
export class Fetch {
  readonly depth: number;
  /** Fetches whose outcome this one waits for: a circle of them would wait for ever. */
  readonly waitsFor: Fetch[] = [];
  outcome!: Promise<Found>;

  constructor(depth: number) {
    this.depth = depth;
  }

  /** True if it is `other`, or waits for it, by however many steps. */
  needs(other: Fetch, seen = new Set<Fetch>()): boolean {
    if (this === other) return true;
    if (seen.has(this)) return false;
    seen.add(this);
    for (const awaited of this.waitsFor) if (awaited.needs(other, seen)) return true;
    return false;
  }
}

/** What came of looking for a server's addresses. `cached`: no packet was needed. A limit: others may find them. */
export type LookedUp = 'cached' | 'found' | 'failed' | Limit;

/** What a query may not do for want of budget or depth, or does already, says nothing of the servers. */
export type Limit = 'budget' | 'depth' | 'cycle';

/**
 * That looking for a server's addresses came to its end at a limit, for who begins it at that depth or below it: nobody who
 * gets there has less above him. For those above it says nothing, or a chain made for it would take anybody's server away.
 */
interface Limited {
  readonly reason: Limit;
  readonly depth: number;
  readonly until: number;
}

/** Servers of whom that is remembered; the longest unused goes first. */
const LIMITED_MAX = 4_096;

/** Finds out what servers say of a question, by asking authorities from the root down, or a forwarder. */
export class Recursor {
  /** How authoritative servers do is kept apart from how forwarders do: anybody may name any address in a delegation. */
  readonly env: Env;
  readonly #forwarders: Env;
  readonly cuts = new ZoneCuts();
  settings: RecursionSettings;
  #localRoot: LocalRoot | undefined = undefined;
  readonly #cache: RecordCache;
  readonly #probes: Probes;
  /** By type. */
  readonly #fetches = new Underway<Fetch>();
  readonly #limited = new ContextTable<Limited>(LIMITED_MAX);
  /** Questions with a shortened name that are out, by the length of the name of the zone that is asked. */
  readonly inquiries = new Underway<Inquiry>();
  readonly #roots = new Underway<Promise<ZoneCut>>();

  constructor(env: Env, probes: Probes, cache: RecordCache, settings: RecursionSettings) {
    this.env = { ...env, targets: new Targets(undefined, SERVERS_MAX) };
    this.#forwarders = env;
    this.#probes = probes;
    this.#cache = cache;
    this.settings = settings;
  }

  configure(settings: RecursionSettings): void {
    const { localRoot } = settings;
    if (localRoot?.image !== this.settings.localRoot?.image)
      this.#localRoot = localRoot && new LocalRoot(localRoot.image);
    this.settings = settings;
  }

  /** What a server of the root would reply, if there is a copy of the root zone that still holds. */
  rootReply(path: RecursivePath, cut: ZoneCut, name: Name, type: number): Uint8Array | undefined {
    if (this.#localRoot === undefined || cut.zone.length > 1 || !path.hints) return undefined;
    return this.#hasCopy() ? this.#localRoot.find(name, type) : undefined;
  }

  #hasCopy(): boolean {
    const { localRoot } = this.settings;
    return localRoot !== undefined && this.env.clock.wall() < localRoot.until;
  }

  /** Fetches under way. */
  get size(): number {
    return this.#fetches.size;
  }

  /** What servers say of the question. Never rejects. @param parent the fetch that needs it; none: a client's */
  fetch(job: Job, name: Name, type: number, parent?: Fetch): Promise<Found> {
    const { context } = job.path;
    const known = this.#fetches.get(context, name, type);
    if (known !== undefined) return this.#join(known, job, name, type, parent);
    if (parent !== undefined && !job.budget.takeFetch())
      return failedNow(job, 'budget', `more than ${BUDGET_FETCHES} sub-queries`);
    const depth = parent === undefined ? 0 : parent.depth + 1;
    if (depth > DEPTH_MAX)
      return failedNow(job, 'depth', `more than ${DEPTH_MAX} sub-queries of sub-queries`);
    const fetch = new Fetch(depth);
    this.#fetches.add(context, name, type, fetch);
    // Before it runs, for what it needs may need the parent.
    parent?.waitsFor.push(fetch);
    const { promise, resolve } = Promise.withResolvers<Found>();
    fetch.outcome = promise;
    this.#run(fetch, job, name, type, (found) => {
      this.#fetches.delete(context, name, type);
      resolve(found);
    });
    return parent === undefined ? fetch.outcome : this.#awaited(fetch, parent);
  }

  /**
   * Asks once more, but not who said what turned out to be bogus: its copy of the zone may be old, or forged. Undefined:
   * nobody else is there, or none that replies soon, and then the client is to hear what is wrong, in its time.
   */
  fetchElsewhere(job: Job, name: Name, type: number, found: Finding): Promise<Found | undefined> {
    return new Promise((settle) => {
      const late = this.env.clock.after(ELSEWHERE_MS, () => settle(undefined));
      this.#askElsewhere(job, name, type, found, (other) => {
        late.cancel();
        settle(other);
      });
    });
  }

  #askElsewhere(
    job: Job,
    name: Name,
    type: number,
    { contact, upstream }: Finding,
    done: (found: Found | undefined) => void,
  ): void {
    const { path } = job;
    if (path.kind === 'forward') {
      const targets = path.targets.filter((target) => targetToText(target) !== upstream);
      if (targets.length === 0) done(undefined);
      else this.#forward(job, { ...path, targets }, name, type, done);
      return;
    }
    if (contact === undefined) {
      done(undefined);
      return;
    }
    const iteration = new Iteration(this, new Fetch(0), job, path, name, type, done);
    iteration.avoid(contact);
    iteration.run();
  }

  async #join(known: Fetch, job: Job, name: Name, type: number, parent: Fetch | undefined): Promise<Found> {
    if (parent !== undefined && known.needs(parent))
      return failedFetch(job.path, 'cycle', `${nameToText(name)} is needed to find itself`);
    parent?.waitsFor.push(known);
    const found = await (parent === undefined ? known.outcome : this.#awaited(known, parent));
    // The budget was that of who asked first.
    const again =
      found.kind === 'failure' &&
      isOfQuery(found.reason) &&
      job.budget.spent(this.env.clock.now()) === undefined;
    return again ? this.fetch(job, name, type, parent) : found;
  }

  /** The outcome of what `parent` waits for, which it then does no more. */
  #awaited(fetch: Fetch, parent: Fetch): Promise<Found> {
    return fetch.outcome.then((found) => {
      parent.waitsFor.splice(parent.waitsFor.indexOf(fetch), 1);
      return found;
    });
  }

  #run(fetch: Fetch, job: Job, name: Name, type: number, done: (found: Found) => void): void {
    const { path } = job;
    if (path.kind === 'recursive') {
      new Iteration(this, fetch, job, path, name, type, done).run();
      return;
    }
    this.#forward(job, path, name, type, done);
  }

  #forward(job: Job, path: ForwardPath, name: Name, type: number, done: (found: Found) => void): void {
    const question = { path, name, type, options: job.options, dnssec: path.validate };
    new Forwarding(this.#forwarders, this.#probes, question, job.budget, {
      forwarded: (result) => done(fromForwarder(result, path.domain)),
    });
  }

  /** What an attempt has to know beside whom it asks. */
  attemptQuestion(job: Job, path: RecursivePath, cut: ZoneCut, name: Name, type: number): AttemptQuestion {
    return {
      name,
      type,
      recursionDesired: false,
      case0x20: path.case0x20,
      sources: path.sources,
      options: [],
      deadline: job.budget.workBy,
      dnssecOk: path.validate,
      payload: this.settings.ednsPayload,
      signed: path.validate && (cut.hasDs || this.#isAnchored(cut.zone)),
      cookies: true,
    };
  }

  /** Sees whether a server of a zone is there that was left alone. */
  probe(job: Job, path: RecursivePath, cut: ZoneCut, contact: Contact): void {
    probeContact(this.env, cut, contact, this.attemptQuestion(job, path, cut, cut.zone, TYPE.SOA));
  }

  #isAnchored(zone: Name): boolean {
    return this.settings.anchors.some((anchor) => nameEquals(anchor.zone, zone));
  }

  /** The cut at which a path begins: primed (RFC 9609) where its servers are hints. */
  rootOf(job: Job, path: RecursivePath): Promise<ZoneCut> {
    const { context } = path;
    // The delegations of one DELEGATE rule share a context and begin at names of their own.
    let root = this.#roots.get(context, path.origin, 0);
    if (root === undefined) {
      const isPrimed = path.hints && this.settings.priming && !this.#hasCopy();
      const begin = isPrimed ? this.#prime(job, path) : Promise.resolve(undefined);
      root = begin.then((primed) => {
        this.#roots.delete(context, path.origin, 0);
        const cut = primed ?? this.#originCut(path, path.hints && this.settings.priming);
        this.cuts.put(context, cut);
        return cut;
      });
      this.#roots.add(context, path.origin, 0, root);
    }
    return root;
  }

  /** False for a cut above where the path begins, and for one of servers that it no longer names. */
  isOn(path: RecursivePath, cut: ZoneCut): boolean {
    if (cut.zone.length !== path.origin.length) return cut.zone.length > path.origin.length;
    if (path.hints) return true;
    const named = new Set(path.servers.flatMap(({ addresses }) => addresses.map(targetToText)));
    return named.size === cut.contacts.length && cut.contacts.every(({ address }) => named.has(address));
  }

  /** The servers that the configuration names. */
  #originCut(path: RecursivePath, isShort: boolean): ZoneCut {
    const now = this.env.clock.now();
    const servers = path.servers.map(({ name, addresses }) => ({
      name,
      glue: addresses.map(({ address }) => address),
      lookedUpUntil: Number.NEGATIVE_INFINITY,
    }));
    const expiresAt = now + (isShort ? UNPRIMED_MS : 1000 * DELEGATION_SECONDS_MAX);
    const holdsUntil = now + 1000 * DELEGATION_SECONDS_MAX;
    const zone = path.origin;
    const cut = new ZoneCut({ zone, servers, learnedAt: now, expiresAt, holdsUntil });
    for (const { addresses } of path.servers)
      for (const address of addresses)
        cut.addContact(targetToText(address), this.env.targets.of(address), Number.POSITIVE_INFINITY);
    return cut;
  }

  /** Asks the hints who serves the root (RFC 9609 section 3). Undefined: none said it. */
  #prime(job: Job, path: RecursivePath): Promise<ZoneCut | undefined> {
    const hints = this.#originCut(path, true);
    const contacts = this.contactsOf(hints);
    if (contacts.length === 0) return Promise.resolve(undefined);
    const question = this.attemptQuestion(job, path, hints, path.origin, TYPE.NS);
    return new Promise((settle) => {
      const owner: AskingOwner = {
        isHasty: false,
        judge: (message) => judgePriming(message, path),
        accepts: (judged) => judged.kind === 'referral',
        isLeft: () => undefined,
        isShort: () => undefined,
        asked: (asked) => settle(asked.kind === 'reply' ? this.#primed(asked.judged, path) : undefined),
        isOver: () => undefined,
      };
      new Asking(this.env, question, contacts, job.budget, owner);
    });
  }

  #primed(judged: Judged, path: RecursivePath): ZoneCut | undefined {
    if (judged.kind !== 'referral') return undefined;
    const now = this.env.clock.now();
    const { servers, ttl } = judged.referral;
    const expiresAt = now + 1000 * Math.min(ttl, DELEGATION_SECONDS_MAX);
    const cut = new ZoneCut({ zone: path.origin, servers, learnedAt: now, expiresAt });
    this.addGlue(cut);
    return cut.contacts.length > 0 ? cut : undefined;
  }

  /** Makes contacts of the glue of a new cut. */
  addGlue(cut: ZoneCut): void {
    for (const server of cut.servers)
      for (const address of server.glue) this.#addContact(cut, address, Number.POSITIVE_INFINITY);
  }

  #addContact(cut: ZoneCut, address: string, expiresAt: number): void {
    if (!isAskable(address, this.settings)) return;
    cut.addContact(address, this.env.targets.at(address, this.settings.port), expiresAt);
  }

  /** The addresses of a zone's servers that may be asked now, though some may better be left alone still. */
  contactsOf(cut: ZoneCut): Contact[] {
    const now = this.env.clock.now();
    const contacts: Contact[] = [];
    for (const contact of cut.current(now))
      if (contact.lameUntil <= now && this.#isAskable(contact, now)) contacts.push(contact);
    return contacts;
  }

  /** Some of those that said lately that they do not serve the zone: of other names they may say otherwise. */
  lameOf(cut: ZoneCut): Contact[] {
    const now = this.env.clock.now();
    const lame = cut
      .current(now)
      .filter((contact) => contact.lameUntil > now && this.#isAskable(contact, now));
    while (lame.length > LAME_ASKED_MAX) lame.splice(this.env.prng.below(lame.length), 1);
    return lame;
  }

  /** Some of the zone's servers failed lately and are left alone. */
  hasSpared(cut: ZoneCut): boolean {
    const now = this.env.clock.now();
    return cut
      .current(now)
      .some((contact) => !contact.mayAsk(now) && this.#hasFamily(contact.target.address));
  }

  #isAskable(contact: Contact, now: number): boolean {
    return contact.mayAsk(now) && this.#hasFamily(contact.target.address);
  }

  #hasFamily(address: string): boolean {
    return isIpv6(address) ? this.settings.ipv6 !== 'off' : this.settings.ipv4;
  }

  /** A server of the cut whose addresses may be looked up: not one that has to be asked for its own address. */
  nextLookup(
    path: RecursivePath,
    cut: ZoneCut,
    tried: readonly NameServer[],
    depth: number,
  ): NameServer | undefined {
    const now = this.env.clock.now();
    const open = cut.servers.filter(
      (server) =>
        server.lookedUpUntil <= now &&
        !tried.includes(server) &&
        this.#limitOf(path, server, depth, now) === undefined &&
        server.name.length > 1 &&
        !isAtOrBelow(server.name, cut.zone),
    );
    return open.length === 0 ? undefined : open[this.env.prng.below(open.length)];
  }

  /** The limit at which looking for one of its servers came to its end lately, from that depth. */
  limitAt(path: RecursivePath, cut: ZoneCut, depth: number): Limit | undefined {
    const now = this.env.clock.now();
    for (const server of cut.servers) {
      const limit = this.#limitOf(path, server, depth, now);
      if (limit !== undefined) return limit;
    }
    return undefined;
  }

  #limitOf({ context }: RecursivePath, { name }: NameServer, depth: number, now: number): Limit | undefined {
    const known = this.#limited.size === 0 ? undefined : this.#limited.get(context, name);
    return known !== undefined && now < known.until && depth >= known.depth ? known.reason : undefined;
  }

  /** A budget is one query's, and may have been spent elsewhere: of that nothing is remembered. */
  #limitedLookup({ context }: RecursivePath, { name }: NameServer, depth: number, reason: Limit): Limit {
    if (reason === 'budget') return reason;
    const now = this.env.clock.now();
    const known = this.#limited.get(context, name);
    const least = known !== undefined && now < known.until ? Math.min(known.depth, depth) : depth;
    this.#limited.set(context, name, { reason, depth: least, until: now + 1000 * CONTACT_SECONDS_MIN });
    return reason;
  }

  /** Finds the addresses of a server and makes contacts of them. */
  lookUpServer(
    job: Job,
    path: RecursivePath,
    cut: ZoneCut,
    server: NameServer,
    parent: Fetch,
  ): LookedUp | Promise<LookedUp> {
    const by = jobFor(job, path, server.name);
    return by === undefined
      ? this.#failedLookup(server)
      : this.#lookUpTypes(by, path, cut, server, this.#addressTypes(), parent);
  }

  #lookUpTypes(
    job: Job,
    path: RecursivePath,
    cut: ZoneCut,
    server: NameServer,
    types: readonly number[],
    parent: Fetch,
  ): LookedUp | Promise<LookedUp> {
    const [type, ...others] = types;
    if (type === undefined) return this.#failedLookup(server);
    const known = this.#cache.get(job.path.context, server.name, type);
    // Nobody validates addresses of servers: that a client's question for one failed by that says nothing of it.
    const isOfUse =
      known?.kind === 'failure' ? !isValidationError(known.failure?.ede) : known?.state === 'fresh';
    if (known !== undefined && isOfUse) {
      if (known.kind === 'nxdomain') return this.#failedLookup(server);
      if (known.rrset === undefined) return this.#lookUpTypes(job, path, cut, server, others, parent);
      this.#addAddresses(cut, server, known.rrset);
      return 'cached';
    }
    return this.#fetchAddresses(job, server.name, type, parent).then((found) => {
      if (found === 'none') return this.#failedLookup(server);
      if (found === 'budget' || found === 'depth' || found === 'cycle')
        return this.#limitedLookup(path, server, parent.depth, found);
      if (found === undefined) return this.#lookUpTypes(job, path, cut, server, others, parent);
      this.#addAddresses(cut, server, found);
      return 'found';
    });
  }

  #failedLookup(server: NameServer): 'failed' {
    server.lookedUpUntil = this.env.clock.now() + 1000 * CONTACT_SECONDS_MIN;
    return 'failed';
  }

  /** IPv4 first: where it answers, no question for the other is needed. */
  #addressTypes(): number[] {
    const { ipv4, ipv6 } = this.settings;
    const types: number[] = ipv4 ? [TYPE.A] : [];
    const hasRoute = ipv6 === 'auto' && this.env.targets.hasRoute('::', this.env.clock.now());
    if (ipv6 === 'on' || hasRoute) types.push(TYPE.AAAA);
    return types;
  }

  /** `none`: there is no such name. What is learned is kept, failures too: other delegations name the same servers. */
  async #fetchAddresses(
    job: Job,
    name: Name,
    type: number,
    parent: Fetch,
  ): Promise<Rrset | 'none' | Limit | undefined> {
    const found = await this.fetch(job, name, type, parent);
    const { context } = job.path;
    if (found.kind === 'failure') {
      const { code, text } = found.ede;
      if (isOfQuery(found.reason)) return found.reason;
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
    const until = this.env.clock.now() + 1000 * Math.max(CONTACT_SECONDS_MIN, rrset.ttl);
    server.lookedUpUntil = until;
    for (const rdata of rrset.rdatas.slice(0, ADDRESSES_MAX))
      this.#addContact(cut, addressToText(rdata), until);
  }
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

function failedNow(job: Job, reason: FetchFailure, text: string): Promise<Found> {
  return Promise.resolve(failedFetch(job.path, reason, text));
}

/** It says what this query may not do, or does already: another may do better. */
function isOfQuery(reason: FetchFailure): reason is Limit {
  return reason === 'budget' || reason === 'depth' || reason === 'cycle';
}

/** The failure is the servers', not that of this query's limits. */
function isLasting(reason: FetchFailure): boolean {
  return reason === 'silent' || reason === 'refused' || reason === 'no-server';
}

function fromForwarder(forwarded: Forwarded, zone: Name): Found {
  if (forwarded.kind === 'failure') return forwarded;
  const { scrubbed, upstream } = forwarded;
  return { kind: 'finding', scrubbed, zone, upstream: upstream.text, contact: undefined };
}

/** A priming response has the root's NS records as its answer, and addresses of them beside (RFC 9609 section 4). */
function judgePriming(message: Message, path: RecursivePath): Judged {
  // One with AA should come (RFC 9609 section 4.1); a resolver in the way is no root server.
  const isAuthority = (message.flags & FLAG.AA) !== 0 || (message.flags & FLAG.RA) === 0;
  if (message.rcode !== RCODE.NOERROR || !isAuthority)
    return { kind: 'lame', why: 'no authority for the root' };
  const question = { name: ROOT, type: TYPE.NS, sent: ROOT, apex: ROOT };
  const ns = rrsetAt(message.answer, path.origin, TYPE.NS, question);
  if (typeof ns !== 'object') return { kind: 'throwaway', why: 'no NS records of the root' };
  const servers = ns.rdatas.slice(0, SERVERS_USED_MAX).map((name) => {
    const hint = path.servers.find((server) => nameEquals(server.name, name));
    const glue = glueOf(message.additional, name);
    const known = glue.length > 0 ? glue : (hint?.addresses.map(({ address }) => address) ?? []);
    return { name, glue: known, lookedUpUntil: Number.NEGATIVE_INFINITY };
  });
  return {
    kind: 'referral',
    referral: { zone: path.origin, servers, ttl: ns.ttl, ds: undefined, proofs: [] },
  };
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
