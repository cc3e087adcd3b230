import { TYPE } from '../wire/constants.ts';
import type { Message } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import { Attempt, type AttemptOwner, type AttemptQuestion, Candidate } from './attempt.ts';
import { type Budget, limitToText } from './budget.ts';
import type { Contact } from './cut.ts';
import type { Env } from './env.ts';
import { targetToText } from './path.ts';
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
    };

export type AskingFailure = 'silent' | 'refused' | 'overload' | 'budget';

/** What is asked, of whom, and what counts as a reply. */
export interface AskingQuestion extends AttemptQuestion {
  readonly contacts: readonly Contact[];
  readonly judge: (message: Message, sent: Name) => Judged;
  /** True: `judged` ends the asking. False: another server is asked. */
  readonly accepts: (judged: Judged) => boolean;
  /** A server is late, and there is none that was not asked: time to find others, for `offer`. */
  readonly isShort: () => void;
  /** The end, after the outcome: nothing that was sent is before a server any more, as far as can be known. */
  readonly isOver?: () => void;
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
  readonly #question: AskingQuestion;
  readonly #budget: Budget;
  readonly #done: (asked: Asked) => void;
  readonly #candidates = new Map<Candidate, Contact>();
  readonly #out = new Set<Attempt>();
  /** What each server did instead of answering; the last word of each counts. */
  readonly #complaints = new Map<Target, string>();
  #refused = false;
  #lame = false;
  #newest: Attempt | undefined = undefined;
  #state: 'open' | 'settled' | 'over' = 'open';

  /** Starts at once; `done` is called once and never from within the constructor. */
  constructor(env: Env, question: AskingQuestion, budget: Budget, done: (asked: Asked) => void) {
    this.#env = env;
    this.#question = question;
    this.#budget = budget;
    this.#done = done;
    for (const contact of question.contacts) this.#add(contact);
    this.#next();
  }

  /** More servers that may be asked, if none of the others has replied yet. */
  offer(contacts: readonly Contact[]): void {
    if (this.#state !== 'open') return;
    const known = new Set(this.#candidates.values());
    const more = contacts.filter((contact) => !known.has(contact));
    for (const contact of more) this.#add(contact);
    if (more.length > 0) this.#next();
  }

  #add(contact: Contact): void {
    const candidate = new Candidate(contact.target);
    this.#candidates.set(candidate, contact);
  }

  late(attempt: Attempt): void {
    const { candidate } = attempt;
    this.#complaints.set(candidate.target, 'no reply');
    this.#budget.unheard.late(candidate.target);
    this.#candidates.get(candidate)!.late(this.#env.clock.now(), this.#question.type);
    if (attempt !== this.#newest || this.#state !== 'open') return;
    this.#next();
    const now = this.#env.clock.now();
    const isFresh = (each: Candidate): boolean => triesOf(each) === 0 && this.#mayAsk(each, now);
    if (![...this.#candidates.keys()].some(isFresh)) this.#question.isShort();
  }

  failed(attempt: Attempt, why: string): void {
    this.#complaints.set(attempt.candidate.target, why);
    this.#ended(attempt);
  }

  /** Which servers of a zone are dead is known by zone: see `Contact`. */
  suspect(): void {
    // Not by address: whoever delegates a zone to a stranger's server could make it suspect to all.
  }

  replied(attempt: Attempt, message: Message, sent: Name): void {
    const { candidate } = attempt;
    const contact = this.#candidates.get(candidate)!;
    contact.heard(this.#env.clock.now());
    this.#budget.unheard.heard(candidate.target);
    if (this.#state !== 'open') {
      this.#ended(attempt);
      return;
    }
    const judged = this.#question.judge(message, sent);
    if (this.#question.accepts(judged)) {
      candidate.target.judge(true);
      this.#out.delete(attempt);
      this.#finish({ kind: 'reply', judged, contact });
      return;
    }
    this.#env.count('upstream_refusals');
    candidate.target.judge(false);
    candidate.done = true;
    this.#refused = true;
    if (judged.kind === 'lame') {
      this.#lame = true;
      // Of odd types a server may refuse what it serves.
      const { type } = this.#question;
      if (type === TYPE.A || type === TYPE.AAAA) contact.lame(this.#env.clock.now());
    }
    this.#complaints.set(candidate.target, 'why' in judged ? judged.why : judged.kind);
    this.#ended(attempt);
  }

  #ended(attempt: Attempt): void {
    this.#out.delete(attempt);
    if (this.#state !== 'open') this.#endWhenQuiet();
    else if (attempt === this.#newest || this.#out.size === 0) this.#next();
  }

  /** Asks the next server, or finds out that there is none. */
  #next(): void {
    if (this.#state !== 'open') return;
    const candidate = this.#pick();
    if (candidate !== undefined) this.#ask(candidate);
    else if (this.#out.size === 0) this.#env.clock.after(0, () => this.#giveUp());
  }

  #ask(candidate: Candidate): void {
    // Never refused for the sake of others: whoever names a stranger's server in delegations could fill it up.
    candidate.target.makeRoom();
    this.#budget.unheard.sent(candidate.target);
    this.#candidates.get(candidate)!.asked(this.#env.clock.now());
    const attempt = new Attempt(this.#env, candidate, this.#question, this.#budget, this);
    this.#newest = attempt;
    this.#out.add(attempt);
  }

  /** Unless somebody was found meanwhile. */
  #giveUp(): void {
    if (this.#state !== 'open' || this.#out.size > 0) return;
    const candidate = this.#pick();
    if (candidate === undefined) this.#finish(this.#verdict());
    else this.#ask(candidate);
  }

  /** Those with a route, of them those tried least, and of these one that is about as fast as the fastest. */
  #pick(): Candidate | undefined {
    const now = this.#env.clock.now();
    if (now >= this.#question.deadline || this.#budget.spent(now) !== undefined) return undefined;
    let fewest = Number.POSITIVE_INFINITY;
    let best: Candidate[] = [];
    for (const candidate of this.#candidates.keys()) {
      if (!this.#mayAsk(candidate, now)) continue;
      const hasRoute = this.#env.targets.hasRoute(candidate.target.address, now);
      const tries = triesOf(candidate) + (hasRoute ? 0 : NO_ROUTE_RANK);
      if (tries > fewest) continue;
      if (tries < fewest) best = [];
      fewest = tries;
      best.push(candidate);
    }
    return chooseServer(best, this.#env.prng);
  }

  #mayAsk(candidate: Candidate, now: number): boolean {
    if (!candidate.mayTry || !this.#budget.unheard.mayAsk(candidate.target)) return false;
    // One that was silent before gets one packet to show that it is back, from whoever is first.
    if (!candidate.heard && !this.#candidates.get(candidate)!.mayAsk(now)) return false;
    for (const attempt of this.#out)
      if (attempt.candidate === candidate && attempt.state === 'asking') return false;
    return true;
  }

  /** Why no server is left to ask. */
  #verdict(): Asked {
    const { reason, text } = this.#reason();
    const isDoubtful = reason === 'silent' || this.#lame;
    return { kind: 'failure', reason, text, isDoubtful, contacts: [...this.#candidates.values()] };
  }

  #reason(): { reason: AskingFailure; text: string } {
    const now = this.#env.clock.now();
    const limit = this.#budget.spent(now);
    if (limit !== undefined)
      return { reason: 'budget', text: `the work of this query is over its limit of ${limitToText(limit)}` };
    const candidates = [...this.#candidates.keys()];
    const targets = candidates.map((candidate) => candidate.target);
    // This question had less than its share of tries: others ask it again, with a budget of their own.
    if (candidates.some(({ mayTry, target }) => mayTry && !this.#budget.unheard.mayAsk(target)))
      return { reason: 'budget', text: 'its servers left other questions of this query without a reply' };
    const texts = targets
      .slice(0, COMPLAINTS_MAX)
      .map((target) => `${targetToText(target)} ${this.#complaints.get(target) ?? 'not asked'}`);
    return { reason: this.#refused ? 'refused' : 'silent', text: texts.join(', ') };
  }

  #finish(asked: Asked): void {
    if (this.#state !== 'open') return;
    this.#state = 'settled';
    // What is out is listened to, and nothing more is sent for it.
    for (const candidate of this.#candidates.keys()) candidate.done = true;
    for (const attempt of this.#out) attempt.linger();
    this.#done(asked);
    this.#endWhenQuiet();
  }

  #endWhenQuiet(): void {
    if (this.#state !== 'settled' || this.#out.size > 0) return;
    this.#state = 'over';
    this.#question.isOver?.();
  }
}

/** After all that have a route. */
const NO_ROUTE_RANK = 100;

function triesOf({ tries }: Candidate): number {
  return tries.udp + tries.tcp;
}

/** Servers named in one text. */
const COMPLAINTS_MAX = 4;
