import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { bodyText, checkLimit, expectationText, isAsExpected } from './check.ts';
import { ConflictError, RepeatedError } from './errors.ts';
import { jsonFrom } from './sqliteerror.ts';
import type {
  AppliedItem,
  CountQuery,
  DeleteItem,
  Item,
  ListQuery,
  PutItem,
  Reads,
  Resource,
  ResourceKey,
  Revision,
  SignedRequest,
} from './store.ts';

/** As a statement returns it: an array costs a third of an object. What is part of nothing has the empty parent. */
type Row = [
  kind: string,
  parent: string,
  sort: string,
  id: string,
  account: string,
  revision: number,
  body: string,
];

const REVISION = 5;
const COLUMNS = 'kind, parent, sort, id, account, revision, body';
/**
 * `+?` where a value stands that SQLite looks at when it plans: the limit, and the parent, as there is an index of those
 * that have none. It plans anew for each other value, which takes 12 of 16 us.
 */
const PAGE = 'AND (sort, id) >= (?, ?) AND sort < ? ORDER BY sort, id LIMIT +?';
/** To SQLite any text is less than any blob. */
const ABOVE_ALL_TEXT = new Uint8Array();

function selectRows(db: DatabaseSync, rest: string): StatementSync {
  const statement = db.prepare(`SELECT ${COLUMNS} FROM resource ${rest}`);
  statement.setReturnArrays(true);
  return statement;
}

function statements(db: DatabaseSync) {
  const select = (rest: string): StatementSync => selectRows(db, rest);
  return {
    get: select('WHERE kind = ? AND id = ?'),
    list: select(`WHERE kind = ? AND parent = +? ${PAGE}`),
    listAccount: select(`WHERE kind = ? AND parent = +? AND account = ? ${PAGE}`),
    listTop: select(`WHERE kind = ? AND parent = '' AND account = ? ${PAGE}`),
    count: db.prepare('SELECT total(count) AS n FROM tally WHERE kind = ?'),
    countAccount: db.prepare('SELECT total(count) AS n FROM tally WHERE kind = ? AND account = ?'),
    countParent: db.prepare('SELECT total(count) AS n FROM tally WHERE kind = ? AND parent = ?'),
    countBoth: db.prepare(
      'SELECT total(count) AS n FROM tally WHERE kind = ? AND parent = ? AND account = ?',
    ),
    insert: db.prepare(`INSERT INTO resource (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`),
    update: db.prepare(
      'UPDATE resource SET account = ?, revision = ?, body = ? WHERE kind = ? AND parent = +? AND sort = ? AND id = ?',
    ),
    delete: db.prepare('DELETE FROM resource WHERE kind = ? AND parent = +? AND sort = ? AND id = ?'),
    tally: db.prepare(
      'INSERT INTO tally VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count',
    ),
    untally: db.prepare('DELETE FROM tally WHERE kind = ? AND parent = ? AND account = ? AND count = 0'),
    response: db.prepare('SELECT response FROM request WHERE hash = ? AND expires > ?'),
    remember: db.prepare('INSERT OR REPLACE INTO request VALUES (?, ?, ?)'),
    forget: db.prepare('DELETE FROM request WHERE expires <= ?'),
  };
}

/** An item as it was applied, with its bodies still as text. */
export interface Written extends Omit<AppliedItem, 'before' | 'after' | 'parent'> {
  readonly parent: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The resources and the remembered requests, through one connection. Throws what SQLite throws. */
export class Tables implements Reads {
  readonly #db: DatabaseSync;
  readonly #s: ReturnType<typeof statements>;
  readonly #wall: () => number;

  /** @param wall milliseconds since 1970 */
  constructor(db: DatabaseSync, wall: () => number) {
    this.#db = db;
    this.#s = statements(db);
    this.#wall = wall;
  }

  get<Body>(kind: string, id: string): Resource<Body> | undefined {
    const row = this.#row({ kind, id });
    return row === undefined ? undefined : resourceFrom(row);
  }

  list<Body>({ kind, parent = '', account, from, below, limit }: ListQuery): Resource<Body>[] {
    checkLimit(limit);
    const page = [from?.sort ?? '', from?.id ?? '', below ?? ABOVE_ALL_TEXT, limit];
    const rows = () => {
      if (account === undefined) return this.#s.list.all(kind, parent, ...page);
      if (parent === '') return this.#s.listTop.all(kind, account, ...page);
      return this.#s.listAccount.all(kind, parent, account, ...page);
    };
    return (rows() as unknown as Row[]).map(resourceFrom<Body>);
  }

  count({ kind, parent, account }: CountQuery): number {
    const row = () => {
      if (parent === undefined)
        return account === undefined ? this.#s.count.get(kind) : this.#s.countAccount.get(kind, account);
      if (account === undefined) return this.#s.countParent.get(kind, parent);
      return this.#s.countBoth.get(kind, parent, account);
    };
    return (row() as { n: number }).n;
  }

  responseTo(hash: string): unknown {
    const row = this.#s.response.get(hash, this.#wall()) as { response: string } | undefined;
    return row === undefined ? undefined : jsonFrom(row.response);
  }

  *resources(kind?: string): IterableIterator<Resource> {
    // A statement of its own: a second walk would end the first.
    const where = kind === undefined ? '' : 'WHERE kind = ?';
    const walk = selectRows(this.#db, `${where} ORDER BY kind, parent, sort, id`);
    const rows = kind === undefined ? walk.iterate() : walk.iterate(kind);
    for (const row of rows as unknown as Iterable<Row>) yield resourceFrom(row);
  }

  /** Applies items in their order. Throws ConflictError, with some of them applied: the caller rolls back. */
  write(items: readonly Item[], revision: Revision): Written[] {
    const tally = new Tally();
    const written: Written[] = [];
    items.forEach((item, index) => {
      const row = this.#row(item);
      const expect = item.expect ?? (item.action === 'delete' ? 'present' : undefined);
      if (!isAsExpected(expect, row?.[REVISION]))
        throw new ConflictError(index, item, expectationText(expect!), row?.[REVISION]);
      if (item.action === 'put') written.push(this.#put(item, index, row, revision, tally));
      if (item.action === 'delete') written.push(this.#delete(item, row!, tally));
    });
    for (const { kind, parent, account, count } of tally) {
      this.#s.tally.run(kind, parent, account, count);
      if (count < 0) this.#s.untally.run(kind, parent, account);
    }
    return written;
  }

  #put(item: PutItem, index: number, row: Row | undefined, revision: Revision, tally: Tally): Written {
    const { action, kind, id, account, parent = '', sort } = item;
    const after = bodyText(item.body, `item ${index}: body`);
    const [, parentBefore, sortBefore, , accountBefore, , before] = row ?? [];
    if (parentBefore === parent && sortBefore === sort) {
      this.#s.update.run(account, revision, after, kind, parent, sort, id);
    } else {
      if (row !== undefined) this.#s.delete.run(kind, row[1], row[2], id);
      this.#s.insert.run(kind, parent, sort, id, account, revision, after);
    }
    if (row !== undefined) tally.add(kind, row[1], accountBefore!, -1);
    tally.add(kind, parent, account, 1);
    return { action, kind, id, account, parent, sort, before, after };
  }

  #delete({ action }: DeleteItem, row: Row, tally: Tally): Written {
    const [kind, parent, sort, id, account, , before] = row;
    this.#s.delete.run(kind, parent, sort, id);
    tally.add(kind, parent, account, -1);
    return { action, kind, id, account, parent, sort, before, after: undefined };
  }

  /** Throws RepeatedError where it is remembered already. */
  remember({ hash, response, forMs }: SignedRequest): void {
    const known = this.responseTo(hash);
    if (known !== undefined) throw new RepeatedError(known);
    const now = this.#wall();
    this.#s.forget.run(now);
    this.#s.remember.run(hash, Math.floor(now) + forMs, bodyText(response, 'request: response'));
  }

  #row({ kind, id }: ResourceKey): Row | undefined {
    return this.#s.get.get(kind, id) as unknown as Row | undefined;
  }
}

function resourceFrom<Body>([kind, parent, sort, id, account, revision, body]: Row): Resource<Body> {
  const above = parent === '' ? undefined : parent;
  return { kind, id, account, parent: above, sort, revision, body: jsonFrom(body) as Body };
}

interface Count {
  readonly kind: string;
  readonly parent: string;
  readonly account: string;
  count: number;
}

/** What a change adds to the counts, one row for each: a batch of a thousand record sets is of one zone. */
class Tally {
  readonly #counts = new Map<string, Count>();

  add(kind: string, parent: string, account: string, by: number): void {
    // The account has a fixed length, so that no two keys are one text.
    const key = `${account}${kind.length} ${kind}${parent}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { kind, parent, account, count: by });
    else known.count += by;
  }

  *[Symbol.iterator](): IterableIterator<Count> {
    for (const each of this.#counts.values()) if (each.count !== 0) yield each;
  }
}
