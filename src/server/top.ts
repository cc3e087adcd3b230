import { HeavyHitters } from '../util/heavyhitters.ts';
import type { Prng } from '../util/prng.ts';
import type { TopKind, TopSketch } from '../view/top.ts';
import type { RecentQuestion, RecentQuestions } from './recent.ts';

/** Questions that are looked at of those of a second; the rest are taken to be like them. */
const SAMPLE_MAX = 256;
/** Of these, so many at once: each becomes text twice, and a packet that comes meanwhile waits for no more than some 50 us. */
const AT_ONCE = 8;
/** Keys that are known for certain to be found where they have more than this part of all questions. */
const CAPACITY = 512;
/** What is told is of this long at least, and of twice as long at most. */
const PERIOD_MS = 300_000;

/** What a question is counted as. */
type Keys = Readonly<Record<TopKind, (question: RecentQuestion) => string>>;

type Sketches = Readonly<Record<TopKind, HeavyHitters<string>>> & { readonly since: number };

/**
 * What is asked most, and who asks most. Once a second some of the last questions (server/recent) are looked at:
 * packets pay nothing for it, and names never become labels of metrics.
 */
export class TopQuestions {
  readonly #recent: Pick<RecentQuestions, 'total' | 'since'>;
  readonly #keys: () => Keys;
  readonly #prng: Prng;
  #seen = 0;
  #before: Sketches | undefined;
  #now: Sketches;

  /**
   * @param keys of the views that there are when it is called
   * @param now monotonic milliseconds
   */
  constructor(recent: Pick<RecentQuestions, 'total' | 'since'>, keys: () => Keys, prng: Prng, now: number) {
    this.#recent = recent;
    this.#prng = prng;
    this.#keys = keys;
    this.#now = sketches(now);
  }

  /** To be called each second or so. Resolves when the questions are counted, a few in each turn of the event loop. */
  async look(now: number): Promise<void> {
    const { total } = this.#recent;
    const asked = total - this.#seen;
    const questions = this.#recent.since(this.#seen, SAMPLE_MAX, this.#prng);
    this.#seen = total;
    const weight = asked / questions.length;
    // Before a reload that comes meanwhile makes the index of a view that of another's.
    const keys = this.#keys();
    for (let from = 0; from < questions.length; from += AT_ONCE) {
      await new Promise(setImmediate);
      for (const question of questions.slice(from, from + AT_ONCE)) this.#count(keys, question, weight);
    }
    if (now - this.#now.since < PERIOD_MS) return;
    this.#before = this.#now;
    this.#now = sketches(now);
  }

  #count(keys: Keys, question: RecentQuestion, weight: number): void {
    for (const kind of ['names', 'clients'] as const) this.#now[kind].add(keys[kind](question), weight);
  }

  /** Of the last minutes. */
  tell(kind: TopKind, now: number): TopSketch {
    const all = [this.#now, ...(this.#before ? [this.#before] : [])].map((each) => each[kind]);
    const sum = (of: (sketch: HeavyHitters<string>) => number): number =>
      all.reduce((total, sketch) => total + of(sketch), 0);
    return {
      milliseconds: now - (this.#before ?? this.#now).since,
      questions: sum(({ total }) => total),
      uncertainty: sum(({ uncertainty }) => uncertainty),
      hitters: all.flatMap((sketch) => sketch.list()),
    };
  }
}

function sketches(since: number): Sketches {
  return { since, names: new HeavyHitters(CAPACITY), clients: new HeavyHitters(CAPACITY) };
}
