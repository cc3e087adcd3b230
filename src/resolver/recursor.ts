import type { RecordCache } from '../cache/records.ts';
import { unreachable } from '../util/assert.ts';
import { FLAG, RCODE, TYPE } from '../wire/constants.ts';
import type { Message } from '../wire/message.ts';
import { type Name, nameEquals, nameToText, ROOT } from '../wire/name.ts';
import { ServerAddresses } from './addresses.ts';
import { Asking, type AskingOwner } from './asking.ts';
import type { AttemptQuestion } from './attempt.ts';
import { BUDGET_FETCHES, DEPTH_MAX } from './budget.ts';
import { probeContact } from './contactprobe.ts';
import { type Contact, DELEGATION_SECONDS_MAX, ZoneCut, ZoneCuts } from './cut.ts';
import type { Env } from './env.ts';
import { type FetchFailure, type Finding, type Found, isLimit, type Job, type Limit } from './finding.ts';
import { type Forwarded, Forwarding } from './forward.ts';
import type { Inquiry } from './inquiry.ts';
import { failedFetch, Iteration } from './iterate.ts';
import { LocalRoot } from './localroot.ts';
import { type ForwardPath, isIpv6, type RecursivePath, targetToText } from './path.ts';
import type { Probes } from './probe.ts';
import { glueOf, type Judged, SERVERS_USED_MAX } from './referral.ts';
import { rrsetAt } from './scrub.ts';
import type { RecursionSettings } from './settings.ts';
import { Targets } from './target.ts';
import { Underway } from './underway.ts';

/** Addresses of authoritative servers whose times are remembered. */
const SERVERS_MAX = 32_768;
/** How long hints that could not be primed are used before that is tried again. */
const UNPRIMED_MS = 60_000;
/** How long another is waited for where one said what is bogus: keys, DS records and answer, within a client's 4.5 s. */
const ELSEWHERE_MS = 1_200;
/** Servers that said that they do not serve a zone and are asked for another of its names, where there are no others. */
const LAME_ASKED_MAX = 3;

/** A question on its way, whoever needs it: sub-queries and client queries that need the same share one. */
export class Fetch {
  readonly #context: number;
  readonly #name: Name;
  readonly #type: number;
  readonly #parent: Fetch | undefined;
  /** How many it is needed for, one by the other. */
  readonly depth: number;
  /** Fetches whose outcome this one waits for: a circle of them would wait for ever. */
  readonly waitsFor: Fetch[] = [];
  outcome!: Promise<Found>;

  /** @param parent the one that needs it; none: it is a client's question */
  constructor(context: number, name: Name, type: number, parent: Fetch | undefined) {
    this.#context = context;
    this.#name = name;
    this.#type = type;
    this.#parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** True if this is the question, or that of one that it is needed for. */
  isFor(context: number, name: Name, type: number): boolean {
    const isThis = this.#type === type && this.#context === context && nameEquals(this.#name, name);
    return isThis || (this.#parent?.isFor(context, name, type) ?? false);
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

/** Finds out what servers say of a question, by asking authorities from the root down, or a forwarder. */
export class Recursor {
  /** How authoritative servers do is kept apart from how forwarders do: anybody may name any address in a delegation. */
  readonly env: Env;
  readonly #forwarders: Env;
  readonly cuts = new ZoneCuts();
  readonly addresses: ServerAddresses;
  settings: RecursionSettings;
  #localRoot: LocalRoot | undefined = undefined;
  readonly #probes: Probes;
  /** By type. */
  readonly #fetches = new Underway<Fetch>();
  /** Questions with a shortened name that are out, by the length of the name of the zone that is asked. */
  readonly inquiries = new Underway<Inquiry>();
  readonly #roots = new Underway<Promise<ZoneCut>>();

  constructor(env: Env, probes: Probes, cache: RecordCache, settings: RecursionSettings) {
    this.env = { ...env, targets: new Targets(undefined, SERVERS_MAX) };
    this.#forwarders = env;
    this.#probes = probes;
    this.settings = settings;
    this.addresses = new ServerAddresses(this, cache);
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
    return this.#fetch(job, name, type, parent, false);
  }

  /** @param isRepeat somebody else's came to its end at a limit */
  #fetch(job: Job, name: Name, type: number, parent: Fetch | undefined, isRepeat: boolean): Promise<Found> {
    const { context } = job.path;
    if (parent?.isFor(context, name, type))
      return failedNow(job, 'cycle', `${nameToText(name)} is needed to find itself`);
    const known = this.#fetches.get(context, name, type);
    // One that waits for us is not waited for, or both would for ever: we find it on our own. It may have another way.
    const isShared = known === undefined || parent === undefined || !known.needs(parent);
    if (known !== undefined && isShared) return this.#join(known, job, name, type, parent, isRepeat);
    if (parent !== undefined && !job.budget.takeFetch())
      return failedNow(job, 'budget', `more than ${BUDGET_FETCHES} sub-queries`);
    const fetch = new Fetch(context, name, type, parent);
    if (fetch.depth > DEPTH_MAX)
      return failedNow(job, 'depth', `more than ${DEPTH_MAX} sub-queries of sub-queries`);
    if (isShared) this.#fetches.add(context, name, type, fetch);
    // Before it runs, for what it needs may need the parent.
    parent?.waitsFor.push(fetch);
    const { promise, resolve } = Promise.withResolvers<Found>();
    fetch.outcome = promise;
    this.#run(fetch, job, name, type, (found) => {
      if (isShared) this.#fetches.delete(context, name, type);
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
    const iteration = new Iteration(
      this,
      new Fetch(path.context, name, type, undefined),
      job,
      path,
      name,
      type,
      done,
    );
    iteration.avoid(contact);
    iteration.run();
  }

  async #join(
    known: Fetch,
    job: Job,
    name: Name,
    type: number,
    parent: Fetch | undefined,
    isRepeat: boolean,
  ): Promise<Found> {
    parent?.waitsFor.push(known);
    const found = await (parent === undefined ? known.outcome : this.#awaited(known, parent));
    if (found.kind !== 'failure' || !isLimit(found.reason)) return found;
    return this.#isOursToRepeat(found.reason, known.depth, parent, isRepeat) &&
      job.budget.spent(this.env.clock.now()) === undefined
      ? this.#fetch(job, name, type, parent, true)
      : found;
  }

  /** Whether what kept somebody else from finding it may not keep us. */
  #isOursToRepeat(limit: Limit, depth: number, parent: Fetch | undefined, isRepeat: boolean): boolean {
    switch (limit) {
      case 'budget':
        return true;
      case 'depth':
        return depth > (parent === undefined ? 0 : parent.depth + 1);
      case 'cycle':
        // Once: of a thousand who wait each would else wait for all that come before, to hear the same.
        return !isRepeat;
      default:
        return unreachable(limit);
    }
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
    const expiresAt = now + (isShort ? UNPRIMED_MS : 1000 * DELEGATION_SECONDS_MAX);
    const holdsUntil = now + 1000 * DELEGATION_SECONDS_MAX;
    const { origin: zone, servers } = path;
    const cut = new ZoneCut({ zone, servers, learnedAt: now, expiresAt, holdsUntil });
    for (const { addresses } of servers)
      for (const address of addresses) cut.addContact(this.env.targets.of(address), Number.POSITIVE_INFINITY);
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
    this.addresses.addGlue(cut, judged.referral);
    return cut.contacts.length > 0 ? cut : undefined;
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
}

function failedNow(job: Job, reason: FetchFailure, text: string): Promise<Found> {
  return Promise.resolve(failedFetch(job.path, reason, text));
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
    return { name, glue: known };
  });
  return {
    kind: 'referral',
    referral: { zone: path.origin, servers, ttl: ns.ttl, ds: undefined, proofs: [] },
  };
}
