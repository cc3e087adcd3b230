import type { Message } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import { type Asked, Asking, type AskingOwner } from './asking.ts';
import type { Budget } from './budget.ts';
import type { Contact, ZoneCut } from './cut.ts';
import type { Job } from './finding.ts';
import type { RecursivePath } from './path.ts';
import type { Recursor } from './recursor.ts';
import { type Judged, judge } from './referral.ts';

/** Who needs to know what the servers of a zone say. */
export interface Inquirer {
  readonly budget: Budget;
  /** The outcome, once. */
  told(asked: Asked): void;
  /** Instead: the budget of who began it was used up, and its own is not. */
  askAgain(): void;
  /** The servers at hand are late. Asked of who began it. */
  isShort(asking: Asking): void;
}

export interface InquiryQuestion {
  readonly name: Name;
  readonly type: number;
  /** Any reply says something of the whole name. */
  readonly isShortened: boolean;
  /** Others may join. */
  readonly isShared: boolean;
}

/** One question for the servers of one zone, for all that need it at the same time. */
export class Inquiry implements AskingOwner {
  readonly #recursor: Recursor;
  readonly #cut: ZoneCut;
  readonly #question: InquiryQuestion;
  readonly #first: Inquirer;
  readonly #context: number;
  #others: Inquirer[] | undefined = undefined;
  #job: Job | undefined = undefined;
  #path: RecursivePath | undefined = undefined;

  constructor(recursor: Recursor, context: number, cut: ZoneCut, question: InquiryQuestion, first: Inquirer) {
    this.#recursor = recursor;
    this.#context = context;
    this.#cut = cut;
    this.#question = question;
    this.#first = first;
  }

  /** Sends it. One more may be out at the servers of the zone: that has been seen to. */
  begin(job: Job, path: RecursivePath, contacts: readonly Contact[]): void {
    const { name, type, isShared } = this.#question;
    if (isShared) this.#recursor.inquiries.add(this.#context, name, this.#cut.zone.length, this);
    this.#job = job;
    this.#path = path;
    const question = this.#recursor.attemptQuestion(job, path, this.#cut, name, type);
    new Asking(this.#recursor.env, question, contacts, job.budget, this);
  }

  join(inquirer: Inquirer): void {
    this.#others ??= [];
    this.#others.push(inquirer);
  }

  judge(message: Message, sent: Name): Judged {
    const { name, type } = this.#question;
    return judge(message, { name, type, sent, apex: this.#cut.zone, staysWithin: true });
  }

  accepts({ kind }: Judged): boolean {
    return this.#question.isShortened || (kind !== 'lame' && kind !== 'throwaway');
  }

  /** What servers drop as they do not know it may be a part of what they know. */
  get isHasty(): boolean {
    return this.#question.isShortened;
  }

  isLeft(contact: Contact): void {
    this.#recursor.probe(this.#job!, this.#path!, this.#cut, contact);
  }

  isShort(asking: Asking): void {
    this.#first.isShort(asking);
  }

  asked(asked: Asked): void {
    const { name, isShared } = this.#question;
    if (isShared) this.#recursor.inquiries.delete(this.#context, name, this.#cut.zone.length);
    this.#first.told(asked);
    if (this.#others === undefined) return;
    const isCutShort = asked.kind === 'failure' && asked.reason === 'budget';
    const now = this.#recursor.env.clock.now();
    for (const other of this.#others)
      if (isCutShort && other.budget.spent(now) === undefined) other.askAgain();
      else other.told(asked);
  }

  isOver(asked: Asked): void {
    this.#cut.fetches.give(asked.kind === 'failure' && asked.isDoubtful);
  }
}
