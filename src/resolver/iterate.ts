import { unreachable } from '../util/assert.ts';
import type { Timer } from '../util/clock.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { readMessage } from '../wire/message.ts';
import { isAtOrBelow, type Name, nameToText, parentOf } from '../wire/name.ts';
import type { LookedUp } from './addresses.ts';
import type { Asked, Asking, AskingFailure } from './asking.ts';
import type { Budget } from './budget.ts';
import { type Contact, DELEGATION_SECONDS_MAX, type NameServer, ZoneCut } from './cut.ts';
import type { Failed, FetchFailure, Found, Job, Limit } from './finding.ts';
import { type Inquirer, Inquiry } from './inquiry.ts';
import { Minimiser } from './minimise.ts';
import type { RecursivePath } from './path.ts';
import type { Fetch, Recursor } from './recursor.ts';
import { type Judged, judge, type Referral } from './referral.ts';
import type { Usable } from './scrub.ts';

/** Referrals of one resolution; names have up to 127 labels, honest ones a handful of cuts. */
export const REFERRALS_MAX = 64;
/** Names of servers whose addresses are looked up for one resolution, and failures of it (NXNSAttack 2020). */
export const LOOKUPS_MAX = 10;
export const LOOKUP_FAILURES_MAX = 5;
/** A delegation that is younger has not changed. */
const RELOCATE_MS = 10_000;
/** A server whose address takes longer to find does not keep others from being looked up. */
const LOOKUP_PATIENCE_MS = 300;

/**
 * One question on its way through the name space, from the deepest zone cut that is known:
 *
 *     locate ──▶ contact ──▶ ask ──referral──▶ contact (of the child's servers)
 *       ▲           ▲ │       ├──answer, denial──▶ done
 *       │           └─┼───────┘ shortened name answered: more of it; no reply of use: other servers' addresses
 *       └─────────────┘ none left, and the delegation may have changed: once
 */
type State = 'locate' | 'contact' | 'ask' | 'done';

export class Iteration implements Inquirer {
  readonly #recursor: Recursor;
  readonly #fetch: Fetch;
  readonly #job: Job;
  readonly #path: RecursivePath;
  readonly #name: Name;
  readonly #type: number;
  readonly #minimiser: Minimiser;
  #state: State = 'locate';
  #cut!: ZoneCut;
  #contacts: readonly Contact[] = NO_CONTACTS;
  /** Those that were asked in vain: they are not asked again for this question. */
  #useless: readonly Contact[] = NO_CONTACTS;
  /** Of these those that failed at it now; for others there may have been no packet left. */
  #failed: readonly Contact[] = NO_CONTACTS;
  #found: Found | undefined = undefined;
  readonly #done: (found: Found) => void;
  /** What of the name is being asked for; undefined: all of it. */
  #shortened: Name | undefined = undefined;
  #referrals = 0;
  #lookups = 0;
  #pending: readonly Promise<void>[] = NOTHING_PENDING;
  #tried: readonly NameServer[] = NOBODY_TRIED;
  #lookupFailures = 0;
  /** Why addresses of servers were not found that somebody else may find. */
  #limit: Limit | undefined = undefined;
  /** What the servers asked last did. */
  #complaint: Extract<Asked, { kind: 'failure' }> | undefined = undefined;
  #relocated = false;
  /** What the servers at hand said of this shortened name was not believed. */
  #doubted: Name | undefined = undefined;
  /** They said nothing at all of it: that took of the tries that they have for the whole. */
  #silence: Extract<Asked, { kind: 'failure' }> | undefined = undefined;
  /** What the servers did before the parent was asked who they are now. */
  #before: Extract<Asked, { kind: 'failure' }> | undefined = undefined;
  /** Servers of the zone were asked that said before that they do not serve it. */
  #triedLame = false;

  /** @param done called once, perhaps from within `run` */
  constructor(
    recursor: Recursor,
    fetch: Fetch,
    job: Job,
    path: RecursivePath,
    name: Name,
    type: number,
    done: (found: Found) => void,
  ) {
    this.#recursor = recursor;
    this.#fetch = fetch;
    this.#job = job;
    this.#path = path;
    this.#name = name;
    this.#type = type;
    this.#done = done;
    if (fetch.depth > 0) this.#useless = recursor.addresses.inVain(path.context, name, type);
    this.#minimiser = new Minimiser(name, recursor.settings.qnameMinimisation === 'off');
  }

  /** Does not ask this one. */
  avoid(contact: Contact): void {
    this.#useless = [...this.#useless, contact];
  }

  get budget(): Budget {
    return this.#job.budget;
  }

  /** Goes from state to state until there is something to wait for, whose coming makes it go on. */
  run(): void {
    for (;;) {
      const next = this.#step();
      if (next === undefined) return;
      this.#state = next;
    }
  }

  #goOn(state: State): void {
    this.#state = state;
    this.run();
  }

  /** Undefined: something is waited for, or it is over. */
  #step(): State | undefined {
    switch (this.#state) {
      case 'locate':
        return this.#locate();
      case 'contact':
        return this.#contact();
      case 'ask':
        return this.#ask();
      case 'done':
        this.#done(this.#found!);
        return undefined;
      default:
        return unreachable(this.#state);
    }
  }

  /**
   * The deepest known zone that is said to have the name; of DS records the one above it (RFC 4035 section 3.1.4.1).
   */
  #locate(): State | undefined {
    const { clock } = this.#recursor.env;
    const from = this.#type === TYPE.DS && this.#name.length > 1 ? parentOf(this.#name) : this.#name;
    const known = this.#recursor.cuts.deepest(this.#path.context, from, clock.now());
    if (known !== undefined && this.#recursor.isOn(this.#path, known)) return this.#begin(known);
    void this.#recursor.rootOf(this.#job, this.#path).then((root) => this.#goOn(this.#begin(root)));
    return undefined;
  }

  #begin(cut: ZoneCut): State {
    this.#enter(cut);
    if (isAtOrBelow(this.#name, this.#cut.zone)) return 'contact';
    return this.#fail('no-server', `${nameToText(this.#name)} is not below ${nameToText(this.#cut.zone)}`);
  }

  #enter(cut: ZoneCut): void {
    this.#cut = cut;
    this.#minimiser.enter(cut);
    this.#complaint = undefined;
    this.#triedLame = false;
    this.#doubted = undefined;
    this.#silence = undefined;
    this.#limit = undefined;
  }

  /** Finds addresses of the zone's servers that may be asked, and looks up those of more where there are none. */
  #contact(): State | undefined {
    const told = this.#byCopy();
    if (told !== undefined) return told;
    for (;;) {
      this.#contacts = this.#usable();
      if (this.#contacts.length > 0) return 'ask';
      const looked = this.#lookUp();
      if (looked === 'known') continue;
      if (this.#pending.length === 0 || this.#isSpent()) return this.#lastResort() ?? this.#noServer();
      const patienceMs = looked === 'begun' ? LOOKUP_PATIENCE_MS : Number.POSITIVE_INFINITY;
      void this.#lookupEnds(patienceMs).then(() => this.#goOn('contact'));
      return undefined;
    }
  }

  /**
   * Where all servers said that they do not serve the zone: that was of other names, and there are balancers that refuse
   * what they do not know. A failure is one of a name, a type and a server (RFC 9520 section 3.2).
   */
  #lastResort(): State | undefined {
    // Not for the names of servers: who delegates to many of somebody's names must not have each asked again.
    if (this.#triedLame || this.#fetch.depth > 0 || this.#isSpent()) return undefined;
    const lame = this.#recursor.lameOf(this.#cut).filter((contact) => !this.#useless.includes(contact));
    if (lame.length === 0) return undefined;
    this.#triedLame = true;
    this.#contacts = lame;
    return 'ask';
  }

  /** The next step by the copy of the root zone (RFC 8806), where there is one that has it. */
  #byCopy(): State | undefined {
    const name = this.#name;
    const reply = this.#recursor.rootReply(this.#path, this.#cut, name, this.#type);
    if (reply === undefined) return undefined;
    const question = { name, type: this.#type, sent: name, apex: this.#cut.zone, staysWithin: true };
    const judged = judge(readMessage(reply), question);
    if (judged.kind === 'referral') return this.#follow(judged.referral);
    if (judged.kind !== 'usable') return undefined;
    return this.#find(judged.scrubbed, undefined);
  }

  /** Addresses that may be asked and were not asked in vain for this question: silent ones if there are no others. */
  #usable(): Contact[] {
    const now = this.#recursor.env.clock.now();
    let left = this.#recursor.contactsOf(this.#cut);
    if (this.#useless.length > 0) left = left.filter((contact) => !this.#useless.includes(contact));
    let rested = 0;
    for (const { retryAt } of left) if (retryAt <= now) rested++;
    if (rested === 0 || rested === left.length) return left;
    return left.filter(({ retryAt }) => retryAt <= now);
  }

  /**
   * Looks up the addresses of one more server. `known`: it is over already, for the cache has what there is to know.
   * `none`: there is no other server, or enough were tried.
   */
  #lookUp(): 'known' | 'begun' | 'none' {
    if (this.#lookups + this.#pending.length >= LOOKUPS_MAX || this.#lookupFailures >= LOOKUP_FAILURES_MAX)
      return 'none';
    const server = this.#recursor.addresses.next(this.#job, this.#path, this.#cut, this.#tried);
    if (server === undefined || this.#isSpent()) return 'none';
    this.#tried = [...this.#tried, server];
    const outcome = this.#recursor.addresses.lookUp(this.#job, this.#path, this.#cut, server, this.#fetch);
    if (!(outcome instanceof Promise)) {
      this.#lookedUp(outcome);
      return 'known';
    }
    const looking = outcome.then((found) => {
      this.#pending = this.#pending.filter((each) => each !== looking);
      this.#lookedUp(found);
    });
    this.#pending = [...this.#pending, looking];
    return 'begun';
  }

  #lookedUp(outcome: LookedUp): void {
    // What the cache knew cost nothing.
    if (outcome !== 'cached') this.#lookups++;
    if (outcome === 'cached' || outcome === 'found') return;
    this.#lookupFailures++;
    if (outcome !== 'failed') this.#limit = leastOf(this.#limit, outcome);
  }

  /** A server is late, and all others were asked. */
  isShort(asking: Asking): void {
    const looked = this.#lookUp();
    if (looked === 'known') asking.offer(this.#usable());
    else if (looked === 'begun') void Promise.race(this.#pending).then(() => asking.offer(this.#usable()));
  }

  #isSpent(): boolean {
    return this.#job.budget.spent(this.#recursor.env.clock.now()) !== undefined;
  }

  /** Waits for one of the lookups; no longer than `patienceMs`, nor than this query lasts. */
  async #lookupEnds(patienceMs: number): Promise<void> {
    const { clock } = this.#recursor.env;
    const ms = Math.max(0, Math.min(patienceMs, this.#job.budget.workBy - clock.now()));
    let timer: Timer | undefined;
    const late = new Promise<void>((over) => {
      timer = clock.after(ms, over);
    });
    await Promise.race([...this.#pending, late]);
    timer?.cancel();
  }

  /**
   * Nobody can be asked, or all were in vain. A delegation that was learned a while ago may have changed meanwhile, and
   * its parent knows: it is asked once. Not where we left the servers alone ourselves.
   */
  #noServer(): State {
    const { clock } = this.#recursor.env;
    const isOld = clock.now() - this.#cut.learnedAt >= RELOCATE_MS;
    const isBelowOrigin = this.#cut.zone.length > this.#path.origin.length;
    // That those are lame who were lame a moment ago is no news.
    const isNews = this.#complaint?.isDoubtful === true && !this.#triedLame;
    if (isOld && isBelowOrigin && !this.#relocated && isNews) {
      this.#relocated = true;
      this.#before = this.#complaint;
      this.#recursor.cuts.end(this.#cut);
      return 'locate';
    }
    if (this.#limit !== undefined && this.#fetch.depth > 0 && this.#failed.length > 0)
      this.#recursor.addresses.wereInVain(this.#path.context, this.#name, this.#type, this.#failed);
    const { reason, text } = this.#limited() ?? this.#complaint ?? this.#before ?? this.#whyNone();
    return this.#fail(reason, `${nameToText(this.#cut.zone)}: ${text}`);
  }

  /** A failure that is not kept: with less above it the same question may do better. */
  #limited(): { reason: FetchFailure; text: string } | undefined {
    return this.#limit && { reason: this.#limit, text: LIMITED_TEXT };
  }

  #whyNone(): { reason: FetchFailure; text: string } {
    if (this.#isSpent())
      return { reason: 'budget', text: 'the work of this query is over one of its limits' };
    if (this.#recursor.hasSpared(this.#cut))
      return { reason: 'spared', text: 'its servers failed lately and are left alone for a while' };
    return { reason: 'no-server', text: 'no address of any of its servers is to be had' };
  }

  /** Asks the servers at hand for the name, or as much of it as they shall see. */
  #ask(): State | undefined {
    const shortened = this.#minimiser.next(this.#cut);
    this.#shortened = shortened;
    if (shortened === undefined) return this.#askServers(false);
    // All names below it ask the same: those that wait at the same time share one question, if it is for the servers of
    // one zone. That is the end of the name, so long.
    const known = this.#recursor.inquiries.get(this.#path.context, shortened, this.#cut.zone.length);
    if (known === undefined) return this.#askServers(true);
    known.join(this);
    return undefined;
  }

  #askServers(isShared: boolean): State | undefined {
    const cut = this.#cut;
    if (!cut.fetches.take())
      return this.#judge(failedAsking('overload', `${cut.fetches.max} questions are out at its servers`));
    const shortened = this.#shortened;
    const question =
      shortened === undefined
        ? { name: this.#name, type: this.#type, isShortened: false, isShared }
        : { name: shortened, type: TYPE.A, isShortened: true, isShared };
    const inquiry = new Inquiry(this.#recursor, this.#path.context, cut, question, this);
    inquiry.begin(this.#job, this.#path, this.#contacts);
    return undefined;
  }

  /** What the servers say is there. */
  told(asked: Asked): void {
    this.#goOn(this.#judge(asked));
  }

  /** Those whose question was shared had too little budget left for it. */
  askAgain(): void {
    const state = this.#askServers(false);
    if (state !== undefined) this.#goOn(state);
  }

  #judge(asked: Asked): State {
    const shortened = this.#shortened;
    if (asked.kind === 'failure') {
      this.#complaint = this.#withSilence(asked);
      if (shortened !== undefined && this.#mayHaveWhole(asked)) {
        if (asked.reason === 'silent') this.#silence = asked;
        return this.#giveUp(shortened);
      }
      this.#useless = [...this.#useless, ...asked.contacts];
      if (asked.reason === 'refused' || asked.reason === 'silent')
        this.#failed = [...this.#failed, ...asked.contacts];
      return asked.reason === 'overload' || this.#isSpent() ? this.#noServer() : 'contact';
    }
    const { judged, contact } = asked;
    switch (judged.kind) {
      case 'referral':
        return this.#follow(judged.referral);
      case 'usable':
        if (shortened !== undefined) return this.#advance(shortened, judged, contact);
        return this.#find(judged.scrubbed, contact);
      case 'lame':
      case 'throwaway':
        // Only said of a shortened name: the whole one may do better (RFC 9156 section 2.3).
        this.#triedLame = false;
        return this.#giveUp(shortened!);
      default:
        return unreachable(judged);
    }
  }

  /** Whether servers that had no answer to a shortened name may have one to the whole. */
  #mayHaveWhole({ isOfName, reason }: Extract<Asked, { kind: 'failure' }>): boolean {
    return isOfName && (reason === 'silent' || reason === 'refused') && !this.#isSpent();
  }

  /** Of the tries that are missing for the whole name the shortened one had its share: it is silence, and no limit. */
  #withSilence(asked: Extract<Asked, { kind: 'failure' }>): Extract<Asked, { kind: 'failure' }> {
    if (this.#silence === undefined || asked.reason !== 'budget' || this.#isSpent()) return asked;
    return { ...this.#silence, contacts: asked.contacts };
  }

  /** The whole name is asked for from now on. */
  #giveUp(shortened: Name): State {
    this.#minimiser.giveUp();
    this.#doubted = shortened;
    return 'contact';
  }

  /** The servers answered for a shortened name. */
  #advance(shortened: Name, judged: Extract<Judged, { kind: 'usable' }>, contact: Contact): State {
    const { kind } = judged.scrubbed;
    // NXDOMAIN of an alias' target says that the name itself is there.
    if (kind !== 'nxdomain' || judged.scrubbed.chain.length > 0) {
      this.#cut.noteInner(shortened);
      this.#minimiser.answered(shortened);
      return 'contact';
    }
    if (this.#recursor.settings.qnameMinimisation !== 'strict') {
      // Servers exist that deny names which have others below them.
      return this.#giveUp(shortened);
    }
    // RFC 8020: below a name that does not exist there is nothing.
    return this.#find({ ...judged.scrubbed, name: this.#name } as Usable, contact);
  }

  /** One step down. What the child is told to be by its parent holds no longer than what is known of the parent. */
  #follow(referral: Referral): State {
    if (++this.#referrals > REFERRALS_MAX)
      return this.#fail('referrals', `more than ${REFERRALS_MAX} referrals`);
    if (referral.cut !== undefined) {
      this.#enter(referral.cut);
      return 'contact';
    }
    const now = this.#recursor.env.clock.now();
    // With what it says of the child's keys: where that holds for less, the referral is fetched anew, with both.
    const keys = [...referral.proofs, ...(referral.ds === undefined ? [] : [referral.ds])];
    const ttl = keys.reduce(
      (least, { ttl }) => Math.min(least, ttl),
      Math.min(referral.ttl, DELEGATION_SECONDS_MAX),
    );
    const cut = new ZoneCut({
      ...referral,
      learnedAt: now,
      expiresAt: Math.min(now + 1000 * ttl, this.#cut.holdsUntil),
    });
    this.#recursor.addresses.addGlue(cut, referral);
    this.#recursor.cuts.put(this.#path.context, cut);
    referral.cut = cut;
    this.#enter(cut);
    return 'contact';
  }

  /** @param contact who said it; undefined: the copy of the root zone */
  #find(scrubbed: Usable, contact: Contact | undefined): State {
    // They have what is below it: the next name there need not try it.
    if (this.#doubted !== undefined && scrubbed.kind === 'answer') this.#cut.noteInner(this.#doubted);
    const upstream = contact === undefined ? 'local root' : contact.target.text;
    this.#found = { kind: 'finding', scrubbed, zone: this.#cut.zone, upstream, contact };
    return 'done';
  }

  #fail(reason: FetchFailure, text: string): State {
    this.#found = failedFetch(this.#path, reason, text);
    return 'done';
  }
}

/** What says least of the zone: with more budget, or less above it, the others might not have been met. */
function leastOf(known: Limit | undefined, met: Limit): Limit {
  if (known === 'budget' || met === 'budget') return 'budget';
  return known === 'depth' || met === 'depth' ? 'depth' : 'cycle';
}

const NO_CONTACTS: readonly Contact[] = [];
const NOTHING_PENDING: readonly Promise<void>[] = [];
const LIMITED_TEXT = 'too much is to be looked up to find its servers';
const NOBODY_TRIED: readonly NameServer[] = [];

function failedAsking(reason: AskingFailure, text: string): Asked {
  return { kind: 'failure', reason, text, isDoubtful: false, contacts: [], isOfName: false };
}

/** A failure with the EDE that fits it. */
export function failedFetch(path: { readonly rule: string }, reason: FetchFailure, text: string): Failed {
  return {
    kind: 'failure',
    reason,
    rcode: RCODE.SERVFAIL,
    ede: { code: EDE_CODE[reason], text: `rule ${path.rule}: ${text}` },
  };
}

const EDE_CODE: Readonly<Record<FetchFailure, number>> = {
  silent: EDE.NO_REACHABLE_AUTHORITY,
  spared: EDE.NO_REACHABLE_AUTHORITY,
  refused: EDE.NETWORK_ERROR,
  'no-server': EDE.NO_REACHABLE_AUTHORITY,
  overload: EDE.OTHER,
  budget: EDE.OTHER,
  depth: EDE.OTHER,
  cycle: EDE.NO_REACHABLE_AUTHORITY,
  referrals: EDE.OTHER,
  bogus: EDE.BOGUS,
};
