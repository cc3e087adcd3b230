import { TYPE } from '../wire/constants.ts';
import type { Message } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import { Attempt, type AttemptOwner, type AttemptQuestion } from './attempt.ts';
import { type Budget, limitToText } from './budget.ts';
import { Candidate } from './candidate.ts';
import type { Contact } from './cut.ts';
import type { Env } from './env.ts';
import type { Judged } from './referral.ts';
import { chooseServer } from './select.ts';
import type { Target } from './target.ts';

/** What came of asking the servers of a zone. `silent`: none replied. `refused`: those that did were of no use. */
export type Asked =
  | { readonly kind: 'reply'; readonly judged: Judged; readonly contact: Contact }
  | {
      readonly kind: 'failure';
      readonly reason: AskingFailure;
      readonly text: string;
      /** One of them does not serve the zone, or none replied: the delegation may have changed. */
      readonly isDoubtful: boolean;
      /** All that might have been asked. */
      readonly contacts: readonly Contact[];
      /** One of them is there, or may be: of another name it may say more. */
      readonly isOfName: boolean;
    };

export type AskingFailure = 'silent' | 'refused' | 'overload' | 'budget';

/** Who asks the servers of a zone hears of it through these, never from within `new Asking`. */
export interface AskingOwner {
  /** Silence is given up before all tries are used: the same servers have another question to come. */
  readonly isHasty: boolean;
  /** `sent` is the question's name as it went out. */
  judge(message: Message, sent: Name): Judged;
  /** True: `judged` ends the asking. False: another server is asked. */
  accepts(judged: Judged): boolean;
  /** A server that was there a moment ago is left alone now: time to see whether it still is. */
  isLeft(contact: Contact): void;
  /** A server is late, and there is none that was not asked: time to find others, for `offer`. */
  isShort(asking: Asking): void;
  /** The outcome, once. */
  asked(asked: Asked): void;
  /** The outcome is known, and nothing that was sent is before a server any more, as far as can be told. Before `asked`, mostly. */
  isOver(asked: Asked): void;
}

/**
 * Asks the servers of one zone one question until one gives a reply of use:
 *
 *     asking ──late, failed, useless──▶ the next server, or the same again (three times each)
 *       │                               none left, some still out ──▶ listening ──▶ settled
 *       └──reply──▶ settled ──all that was sent is answered, or given up as lost──▶ over
 *
 * A server that is late goes on being listened to while the next one is asked, and after another has replied: the
 * question is before it until it replies or so much time has passed that it never will.
 */
export class Asking implements AttemptOwner {
  readonly #env: Env;
  readonly #question: AttemptQuestion;
  readonly #budget: Budget;
  readonly #owner: AskingOwner;
  #contacts: readonly Contact[];
  /** Those of them that were asked: mostly one of two dozen. */
  #asked: readonly { readonly contact: Contact; readonly candidate: Candidate }[] = NOBODY_ASKED;
  #out: readonly Attempt[] = NOTHING_OUT;
  /** What each server did instead of answering; the last word of each counts. */
  #complaints: Map<Target, string> | undefined = undefined;
  #refused = false;
  #lame = false;
  #lates = 0;
  #newest: Attempt | undefined = undefined;
  #state: 'open' | 'settled' | 'over' = 'open';
  #outcome: Asked | undefined = undefined;

  /** Starts at once. */
  constructor(
    env: Env,
    question: AttemptQuestion,
    contacts: readonly Contact[],
    budget: Budget,
    owner: AskingOwner,
  ) {
    this.#env = env;
    this.#question = question;
    this.#contacts = contacts;
    this.#budget = budget;
    this.#owner = owner;
    this.#next();
  }

  /** More servers that may be asked, if none of the others has replied yet. */
  offer(contacts: readonly Contact[]): void {
    if (this.#state !== 'open') return;
    const known = new Set(this.#contacts);
    const more = contacts.filter((contact) => !known.has(contact));
    this.#contacts = [...this.#contacts, ...more];
    if (more.length > 0) this.#next();
  }

  late(attempt: Attempt): void {
    const { candidate } = attempt;
    this.#complain(candidate.target, 'no reply');
    this.#budget.unheard.late(candidate.target);
    const contact = this.#contactOf(candidate);
    if (contact.late(this.#env.clock.now(), this.#question.type, attempt.sentAt)) this.#owner.isLeft(contact);
    this.#lates++;
    if (attempt !== this.#newest || this.#state !== 'open') return;
    if (this.#hasHeardEnough()) {
      this.#finish(this.#verdict());
      return;
    }
    this.#next();
    const now = this.#env.clock.now();
    const isFresh = (each: Contact): boolean => this.#triesOf(each) === 0 && this.#mayAsk(each, now);
    if (!this.#contacts.some(isFresh)) this.#owner.isShort(this);
  }

  #hasHeardEnough(): boolean {
    return this.#owner.isHasty && (this.#lates >= HASTY_LATES_MAX || this.#pick() === undefined);
  }

  failed(attempt: Attempt, why: string): void {
    this.#complain(attempt.candidate.target, why);
    this.#ended(attempt);
  }

  /** Which servers of a zone are dead is known by zone: see `Contact`. */
  suspect(): void {
    // Not by address: whoever delegates a zone to a stranger's server could make it suspect to all.
  }

  replied(attempt: Attempt, message: Message, sent: Name): void {
    const { candidate } = attempt;
    const contact = this.#contactOf(candidate);
    contact.heard(this.#env.clock.now());
    this.#budget.unheard.heard(candidate.target);
    if (this.#state !== 'open') {
      this.#ended(attempt);
      return;
    }
    const judged = this.#owner.judge(message, sent);
    if (this.#owner.accepts(judged)) {
      candidate.target.judge(true);
      if (judged.kind === 'usable' || judged.kind === 'referral') contact.served();
      this.#leave(attempt);
      this.#finish({ kind: 'reply', judged, contact });
      return;
    }
    this.#env.count('upstream_refusals');
    candidate.target.judge(false);
    candidate.done = true;
    this.#refused = true;
    if (judged.kind === 'lame') {
      this.#lame = true;
      this.#env.count('upstream_lame');
      // Of odd types a server may refuse what it serves.
      const { type } = this.#question;
      if (type === TYPE.A || type === TYPE.AAAA) contact.lame(this.#env.clock.now());
    }
    this.#complain(candidate.target, 'why' in judged ? judged.why : judged.kind);
    this.#ended(attempt);
  }

  #ended(attempt: Attempt): void {
    this.#leave(attempt);
    if (this.#state !== 'open') this.#endWhenQuiet();
    else if (attempt === this.#newest || this.#out.length === 0) this.#next();
  }

  /** Asks the next server, or finds out that there is none. */
  #next(): void {
    if (this.#state !== 'open') return;
    const contact = this.#pick();
    if (contact !== undefined) this.#ask(contact);
    else if (this.#out.length === 0) this.#env.clock.after(0, () => this.#giveUp());
  }

  #ask(contact: Contact): void {
    const { target } = contact;
    let candidate = this.#candidateOf(contact);
    if (candidate === undefined) {
      candidate = new Candidate(target);
      // One of its tries is for the question to come.
      if (this.#owner.isHasty) candidate.tries.udp = 1;
      this.#asked = [...this.#asked, { contact, candidate }];
    }
    // Never refused for the sake of others: whoever names a stranger's server in delegations could fill it up.
    target.makeRoom();
    this.#budget.unheard.sent(candidate.target);
    contact.asked(this.#env.clock.now());
    const attempt = new Attempt(this.#env, candidate, this.#question, this.#budget, this);
    this.#newest = attempt;
    this.#out = [...this.#out, attempt];
  }

  /** Unless somebody was found meanwhile. */
  #giveUp(): void {
    if (this.#state !== 'open' || this.#out.length > 0) return;
    const contact = this.#pick();
    if (contact === undefined) this.#finish(this.#verdict());
    else this.#ask(contact);
  }

  /** Those with a route, of them those tried least, and of these one that is about as fast as the fastest. */
  #pick(): Contact | undefined {
    const now = this.#env.clock.now();
    if (now >= this.#question.deadline || this.#budget.spent(now) !== undefined) return undefined;
    let fewest = Number.POSITIVE_INFINITY;
    let count = 0;
    for (const contact of this.#contacts) {
      const rank = this.#rankOf(contact, now);
      if (rank < fewest) count = 0;
      if (rank <= fewest) count++;
      fewest = Math.min(fewest, rank);
    }
    if (fewest === Number.POSITIVE_INFINITY) return undefined;
    const isAll = count === this.#contacts.length;
    const best = isAll ? this.#contacts : this.#contacts.filter((each) => this.#rankOf(each, now) === fewest);
    return chooseServer(best, this.#env.prng);
  }

  /** Infinite: it may not be asked. */
  #rankOf(contact: Contact, now: number): number {
    if (!this.#mayAsk(contact, now)) return Number.POSITIVE_INFINITY;
    const hasRoute = this.#env.targets.hasRoute(contact.target.address, now);
    return this.#triesOf(contact) + (hasRoute ? 0 : NO_ROUTE_RANK);
  }

  #mayAsk(contact: Contact, now: number): boolean {
    const candidate = this.#candidateOf(contact);
    if (candidate?.mayTry === false || !this.#budget.unheard.mayAsk(contact.target)) return false;
    // One that was silent before gets one packet to show that it is back, from whoever is first.
    if (candidate?.heard !== true && !contact.mayAsk(now)) return false;
    return candidate === undefined || !this.#isAsking(candidate);
  }

  #isAsking(candidate: Candidate): boolean {
    for (const attempt of this.#out)
      if (attempt.candidate === candidate && attempt.state === 'asking') return true;
    return false;
  }

  #candidateOf(contact: Contact): Candidate | undefined {
    for (const each of this.#asked) if (each.contact === contact) return each.candidate;
    return undefined;
  }

  #contactOf(candidate: Candidate): Contact {
    return this.#asked.find((each) => each.candidate === candidate)!.contact;
  }

  #triesOf(contact: Contact): number {
    return this.#candidateOf(contact)?.tried ?? 0;
  }

  #complain(target: Target, why: string): void {
    this.#complaints ??= new Map();
    this.#complaints.set(target, why);
  }

  #leave(attempt: Attempt): void {
    const isAll = this.#out.length === 1 && this.#out[0] === attempt;
    this.#out = isAll ? NOTHING_OUT : this.#out.filter((each) => each !== attempt);
  }

  /** Why no server is left to ask. */
  #verdict(): Asked {
    const { reason, text } = this.#reason();
    const isDoubtful = reason === 'silent' || this.#lame;
    const isOfName = this.#lates > 0 || this.#asked.some(({ candidate }) => candidate.heard);
    return { kind: 'failure', reason, text, isDoubtful, contacts: this.#contacts, isOfName };
  }

  #reason(): { reason: AskingFailure; text: string } {
    const now = this.#env.clock.now();
    const limit = this.#budget.spent(now);
    if (limit !== undefined)
      return { reason: 'budget', text: `the work of this query is over its limit of ${limitToText(limit)}` };
    // This question had less than its share of tries: others ask it again, with a budget of their own.
    const isCutShort = (contact: Contact): boolean =>
      this.#candidateOf(contact)?.mayTry !== false && !this.#budget.unheard.mayAsk(contact.target);
    if (this.#contacts.some(isCutShort))
      return { reason: 'budget', text: 'its servers left other questions of this query without a reply' };
    const texts = this.#contacts
      .slice(0, COMPLAINTS_MAX)
      .map(({ target }) => `${target.text} ${this.#complaints?.get(target) ?? 'not asked'}`);
    return { reason: this.#refused ? 'refused' : 'silent', text: texts.join(', ') };
  }

  #finish(asked: Asked): void {
    if (this.#state !== 'open') return;
    this.#state = 'settled';
    // What is out is listened to, and nothing more is sent for it.
    for (const { candidate } of this.#asked) candidate.done = true;
    for (const attempt of this.#out) attempt.linger();
    this.#outcome = asked;
    // Before the owner goes on: its next question may be for the same servers, of which only so many may be out.
    this.#endWhenQuiet();
    this.#owner.asked(asked);
  }

  #endWhenQuiet(): void {
    if (this.#state !== 'settled' || this.#out.length > 0) return;
    this.#state = 'over';
    this.#owner.isOver(this.#outcome!);
  }
}

const NOTHING_OUT: readonly Attempt[] = [];
const NOBODY_ASKED: readonly never[] = [];

/** After all that have a route. */
const NO_ROUTE_RANK = 100;

/** Packets without a reply, to all servers, after which a hasty one is over; Unbound's figure for shortened names. */
const HASTY_LATES_MAX = 3;

/** Servers named in one text. */
const COMPLAINTS_MAX = 4;
