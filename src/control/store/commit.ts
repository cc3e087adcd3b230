import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock } from '../../util/clock.ts';
import { checkChange } from './check.ts';
import { StoreError } from './errors.ts';
import { appliedItem, type ChangeLog } from './log.ts';
import type { Waiting } from './queue.ts';
import { isSqliteError, storeErrorFrom } from './sqliteerror.ts';
import type { AppliedChange, Change, Decision, Origin, Revision } from './store.ts';
import type { Tables, Written } from './tables.ts';
import type { Watchers } from './watchers.ts';

/** One transaction takes so many changes, or ends after the one that reaches so many items: some 20 ms. */
const GROUP_CHANGES_MAX = 256;
const GROUP_ITEMS_MAX = 2_000;

interface Applied {
  readonly revision: Revision;
  readonly at: number;
  readonly origin: Origin;
  readonly written: readonly Written[];
}

type Outcome = Applied | { readonly error: unknown };

type Transaction = { readonly taken: readonly Waiting[] } & (
  | { readonly state: 'durable'; readonly outcomes: readonly Outcome[] }
  | { readonly state: 'failed'; readonly error: unknown }
);

export interface CommitMeans {
  readonly db: DatabaseSync;
  readonly file: string;
  readonly clock: Clock;
  readonly tables: Tables;
  readonly log: ChangeLog;
  readonly watchers: Watchers;
}

/**
 * Changes that wait share a transaction, each in a savepoint, and are acknowledged when that is on the disk.
 *
 *     BEGIN ─ SAVEPOINT ─ change 41 ─ RELEASE ─ SAVEPOINT ─ a conflict ─ ROLLBACK TO ─ … ─ COMMIT ─ tell ─ resolve
 */
export class GroupCommit {
  /** Why the last transaction failed; undefined where it did not. */
  fault: StoreError | undefined;
  readonly #m: CommitMeans;
  readonly #s: Readonly<Record<'begin' | 'commit' | 'save' | 'release' | 'undo', StatementSync>>;

  constructor(means: CommitMeans) {
    const { db } = means;
    this.#m = means;
    this.#s = {
      begin: db.prepare('BEGIN IMMEDIATE'),
      commit: db.prepare('COMMIT'),
      save: db.prepare('SAVEPOINT one'),
      release: db.prepare('RELEASE one'),
      undo: db.prepare('ROLLBACK TO one'),
    };
  }

  /** As many as fit into one transaction. Where that fails each has one of its own: they do not share a fault. */
  run(take: () => Waiting | undefined): void {
    const together = this.#transaction(take);
    if (together.taken.length <= 1) this.#settle(together, take);
    else if (together.state === 'durable') this.#settle(together, take);
    else
      for (const one of together.taken) {
        const rest = [one];
        this.#settle(
          this.#transaction(() => rest.pop()),
          () => rest.pop(),
        );
      }
  }

  #transaction(take: () => Waiting | undefined): Transaction {
    const { log } = this.#m;
    const { place } = log;
    const taken: Waiting[] = [];
    const outcomes: Outcome[] = [];
    try {
      this.#s.begin.run();
      for (let items = 0; taken.length < GROUP_CHANGES_MAX && items < GROUP_ITEMS_MAX; ) {
        const waiting = take();
        if (waiting === undefined) break;
        taken.push(waiting);
        const outcome = this.#applyOne(waiting.change);
        outcomes.push(outcome);
        if ('written' in outcome) items += outcome.written.length;
      }
      this.#s.commit.run();
    } catch (error) {
      log.place = place;
      return { state: 'failed', taken, error: this.#failed(error) };
    }
    this.fault = undefined;
    return { state: 'durable', taken, outcomes };
  }

  #failed(error: unknown): unknown {
    const { db, file } = this.#m;
    const found = storeErrorFrom(error, file);
    if (found instanceof StoreError) this.fault = found;
    try {
      // Where the disk is full SQLite has done it already.
      if (db.isTransaction) db.exec('ROLLBACK');
    } catch (again) {
      // What failed first says more.
      if (!isSqliteError(again)) throw again;
    }
    return found;
  }

  /** Throws what concerns the whole transaction; what concerns this change alone is its outcome. */
  #applyOne(change: Change | Decision): Outcome {
    const { tables, log, clock } = this.#m;
    const { place } = log;
    const revision = place.revision + 1;
    this.#s.save.run();
    try {
      const decided = typeof change === 'function' ? change(tables, revision) : change;
      checkChange(decided);
      const { origin, items, request } = decided;
      if (request !== undefined) tables.remember(request);
      const written = tables.write(items, revision);
      log.append(origin, written, clock.wall());
      this.#s.release.run();
      return { revision, at: log.place.at, origin, written };
    } catch (error) {
      if (isSqliteError(error)) throw error;
      log.place = place;
      this.#s.undo.run();
      this.#s.release.run();
      return { error };
    }
  }

  /** Watchers first: whoever was acknowledged knows that they have been told. */
  #settle(transaction: Transaction, take: () => Waiting | undefined): void {
    const { taken } = transaction;
    if (transaction.state === 'failed') {
      // One that could not even begin has taken none, and the next would fail like it.
      (taken[0] ?? take())?.fail(transaction.error);
      return;
    }
    const { watchers } = this.#m;
    for (const outcome of transaction.outcomes)
      if ('written' in outcome && !watchers.isEmpty) watchers.tell(appliedChange(outcome));
    transaction.outcomes.forEach((outcome, index) => {
      if ('written' in outcome) taken[index]!.done(outcome.revision);
      else taken[index]!.fail(outcome.error);
    });
  }
}

function appliedChange({ revision, at, origin, written }: Applied): AppliedChange {
  return { revision, at, origin, items: written.map(appliedItem) };
}
