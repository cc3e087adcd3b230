import type { DatabaseSync } from 'node:sqlite';
import { checkLimit, checkNumber } from './check.ts';
import { StoreError } from './errors.ts';
import { jsonFrom } from './sqliteerror.ts';
import {
  type AppliedChange,
  type AppliedItem,
  type AuditEntry,
  type AuditQuery,
  isSecretKind,
  type Origin,
  type Revision,
} from './store.ts';
import type { Written } from './tables.ts';

/** How long the log is kept. */
export interface Keep {
  /** What the newest changes did, with bodies, up to so many items: for watchers that were away. */
  readonly items: number;
  /** Milliseconds for which it is known who changed something. */
  readonly auditMs: number;
}

/** CloudTrail shows 90 days; a start that is further behind than 200,000 items reads a snapshot in less time. */
export const KEEP: Keep = { items: 200_000, auditMs: 90 * 86_400_000 };

/** Entries of the audit trail that one change may cost: more than it adds, so that old ones do go. */
const FORGET_MAX = 8;

interface ChangeRow {
  readonly revision: number;
  readonly at: number;
  readonly account: string;
  readonly access_key: string;
  readonly source: string;
  readonly operation: string;
  readonly summary: string;
  readonly items: number;
}

interface ItemRow {
  readonly action: 'put' | 'delete';
  readonly kind: string;
  readonly id: string;
  readonly account: string;
  readonly parent: string;
  readonly sort: string;
  readonly before: string | null;
  readonly after: string | null;
}

function statements(db: DatabaseSync) {
  return {
    last: db.prepare('SELECT revision, at FROM change ORDER BY revision DESC LIMIT 1'),
    kept: db.prepare('SELECT ifnull(min(revision), 0) AS oldest, count(*) AS items FROM item'),
    change: db.prepare('INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    item: db.prepare('INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    dropItems: db.prepare('DELETE FROM item WHERE revision = ?'),
    dropChanges: db.prepare(
      `DELETE FROM change WHERE revision IN
       (SELECT revision FROM change WHERE revision < ? AND at < ? ORDER BY revision LIMIT ${FORGET_MAX})`,
    ),
    after: db.prepare('SELECT * FROM change WHERE revision > ? ORDER BY revision LIMIT ?'),
    items: db.prepare('SELECT * FROM item WHERE revision = ? ORDER BY position'),
    newest: db.prepare('SELECT * FROM change WHERE revision < ? ORDER BY revision DESC'),
  };
}

/** Where the log is: what a transaction that fails must put back. */
export interface LogPlace {
  readonly revision: Revision;
  /** Of the last change, milliseconds since 1970. */
  readonly at: number;
  /** The first revision whose items are kept, and how many items are. */
  readonly oldest: Revision;
  readonly items: number;
}

/** The changes in their order. Throws what SQLite throws. */
export class ChangeLog {
  readonly #s: ReturnType<typeof statements>;
  readonly #keep: Keep;
  place: LogPlace;

  constructor(db: DatabaseSync, keep: Keep) {
    this.#s = statements(db);
    this.#keep = keep;
    const last = this.#s.last.get() as { revision: number; at: number } | undefined;
    const { oldest, items } = this.#s.kept.get() as { oldest: number; items: number };
    this.place = { revision: last?.revision ?? 0, at: last?.at ?? 0, oldest, items };
  }

  /** Notes the next change and forgets the oldest. @param wall milliseconds since 1970 */
  append(origin: Origin, written: readonly Written[], wall: number): void {
    const revision = this.place.revision + 1;
    // A clock that was put back does not turn the order round.
    const at = Math.max(this.place.at, Math.floor(wall));
    const { account, accessKey, source, operation, summary } = origin;
    this.#s.change.run(revision, at, account, accessKey, source, operation, summary, written.length);
    written.forEach((item, position) => {
      const { action, kind, id, parent, sort } = item;
      const { before = null, after = null } = bodiesOf(item);
      this.#s.item.run(revision, position, action, kind, id, item.account, parent, sort, before, after);
    });
    const oldest = this.place.oldest === 0 ? revision : this.place.oldest;
    this.place = { revision, at, ...this.#forget(revision, oldest, this.place.items + written.length) };
    this.#s.dropChanges.run(this.place.oldest, at - this.#keep.auditMs);
  }

  /** The newest change is always kept whole. */
  #forget(revision: Revision, oldest: Revision, items: number): Pick<LogPlace, 'oldest' | 'items'> {
    let [first, left] = [oldest, items];
    for (; left > this.#keep.items && first < revision; first++)
      left -= Number(this.#s.dropItems.run(first).changes);
    return { oldest: first, items: left };
  }

  /** Throws StoreError: `compacted`. */
  changes(revision: Revision, limit: number): AppliedChange[] {
    checkNumber('the revision', revision, 0, Number.MAX_SAFE_INTEGER);
    checkLimit(limit);
    if (revision + 1 < this.place.oldest)
      throw new StoreError(
        'compacted',
        `changes after revision ${revision} are asked for; those before ${this.place.oldest} are no longer kept`,
        'take a snapshot and go on from its revision',
      );
    const rows = this.#s.after.all(revision, limit) as unknown as ChangeRow[];
    return rows.map((row) => {
      const items = this.#s.items.all(row.revision) as unknown as ItemRow[];
      return { revision: row.revision, at: row.at, origin: originOf(row), items: items.map(appliedFrom) };
    });
  }

  /** The newest first. Times never fall with revisions, so the first that is too old ends it. */
  audit({ since = 0, before, account, accessKey, operation, limit }: AuditQuery): AuditEntry[] {
    checkLimit(limit);
    const entries: AuditEntry[] = [];
    const rows = this.#s.newest.iterate(before ?? Number.MAX_SAFE_INTEGER);
    for (const row of rows as unknown as Iterable<ChangeRow>) {
      if (row.at < since) break;
      if (account !== undefined && row.account !== account) continue;
      if (accessKey !== undefined && row.access_key !== accessKey) continue;
      if (operation !== undefined && row.operation !== operation) continue;
      entries.push({ revision: row.revision, at: row.at, origin: originOf(row), items: row.items });
      if (entries.length === limit) break;
    }
    return entries;
  }
}

function originOf({ account, access_key: accessKey, source, operation, summary }: ChangeRow): Origin {
  return { account, accessKey, source, operation, summary };
}

function appliedFrom({ action, kind, id, account, parent, sort, before, after }: ItemRow): AppliedItem {
  const head = { action, kind, id, account, parent: parent === '' ? undefined : parent, sort };
  return { ...head, before: parsed(before), after: parsed(after) };
}

function parsed(text: string | null): unknown {
  return text === null ? undefined : jsonFrom(text);
}

/** The same of what has just been written. */
export function appliedItem(written: Written): AppliedItem {
  const { parent, ...head } = written;
  const { before = null, after = null } = bodiesOf(written);
  return {
    ...head,
    parent: parent === '' ? undefined : parent,
    before: parsed(before),
    after: parsed(after),
  };
}

/** What is told of an item's bodies. */
function bodiesOf(written: Written): Partial<Pick<Written, 'before' | 'after'>> {
  return isSecretKind(written.kind) ? {} : written;
}
