import type { Clock } from '../util/clock.ts';
import { changeOf } from '../view/change.ts';
import type { ControlNews } from '../view/channel.ts';
import type { Snapshot } from '../view/snapshot.ts';
import type { Given } from './compile.ts';

/** Main opens sockets in milliseconds; if it does not answer for that long, it is not going to. */
const SOCKETS_MS_MAX = 30_000;

export interface ProposalsOptions {
  readonly clock: Pick<Clock, 'after'>;
  readonly tell: (news: ControlNews) => void;
  /** What main has in force, when this control replaces one that died. */
  readonly taken: Snapshot | undefined;
}

/** Snapshots that main is to open the sockets of, one at a time. None is in force before main has taken it. */
export class Proposals {
  readonly #o: ProposalsOptions;
  /** The last that main took; undefined: that is not known. */
  #taken: Snapshot | undefined;
  #given: Given = { revision: 0, nextContext: 1 };
  #answer: ((failure: string | undefined) => void) | undefined;

  constructor(options: ProposalsOptions) {
    this.#o = options;
    this.#taken = options.taken;
  }

  /** Numbers that snapshots had, those that were refused too: no other is to have them. */
  get given(): Given {
    return this.#given;
  }

  /** Resolves with why the snapshot is refused, or undefined. @param workers see ControlNews */
  async propose(snapshot: Snapshot, workers: number): Promise<string | undefined> {
    const { clock, tell } = this.#o;
    const { revision, nextContext } = snapshot;
    this.#given = { revision, nextContext };
    const answer = new Promise<string | undefined>((done) => {
      const timer = clock.after(SOCKETS_MS_MAX, () => done('the main thread does not open the sockets'));
      this.#answer = (failure) => {
        timer.cancel();
        done(failure);
      };
    });
    const posted = this.#taken === undefined ? snapshot : changeOf(this.#taken, snapshot);
    tell({ news: 'snapshot', snapshot: posted, workers });
    const refusal = await answer;
    // Where main was late it may have taken it all the same.
    this.#taken = refusal === undefined ? snapshot : undefined;
    return refusal;
  }

  /** Main has opened the sockets of the proposal with that revision, or could not. */
  answered(revision: number, failure: string | undefined): void {
    if (revision === this.#given.revision) this.#answer?.(failure);
  }
}
