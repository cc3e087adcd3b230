/** A store in memory: what the interface says in the fewest words, for tests. Nothing of it is durable. */
import {
  bodyText,
  checkChange,
  checkLimit,
  expectationText,
  isAsExpected,
} from '../../src/control/store/check.ts';
import { ConflictError, RepeatedError, StoreError } from '../../src/control/store/errors.ts';
import type {
  AppliedChange,
  AppliedItem,
  AuditEntry,
  AuditQuery,
  Change,
  CountQuery,
  Decision,
  Item,
  ListQuery,
  Reads,
  Resource,
  Revision,
  Snapshot,
  Store,
  Watch,
} from '../../src/control/store/store.ts';
import { isSecretKind } from '../../src/control/store/store.ts';

interface State {
  readonly resources: Map<string, Resource>;
  readonly requests: Map<string, { readonly response: unknown; readonly until: number }>;
}

const keyOf = ({ kind, id }: { kind: string; id: string }): string => JSON.stringify([kind, id]);
const octets = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
/** As it is kept, and whatever the caller does with it afterwards. */
const kept = (value: unknown): unknown => JSON.parse(bodyText(value, 'a body'));
const copyOf = (state: State): State => ({
  resources: new Map(state.resources),
  requests: new Map(state.requests),
});

class MemoryReads implements Reads {
  readonly state: State;
  readonly wall: () => number;
  constructor(state: State, wall: () => number) {
    this.state = state;
    this.wall = wall;
  }

  get<Body>(kind: string, id: string): Resource<Body> | undefined {
    return structuredClone(this.state.resources.get(keyOf({ kind, id }))) as Resource<Body> | undefined;
  }

  list<Body>({ kind, parent, account, from, below, limit }: ListQuery): Resource<Body>[] {
    checkLimit(limit);
    const { sort = '', id = '' } = from ?? {};
    return this.all(kind)
      .filter((each) => each.parent === parent && (account === undefined || each.account === account))
      .filter((each) => (octets(each.sort, sort) || octets(each.id, id)) >= 0)
      .filter((each) => below === undefined || octets(each.sort, below) < 0)
      .slice(0, limit) as Resource<Body>[];
  }

  count({ kind, parent, account }: CountQuery): number {
    return this.all(kind)
      .filter((each) => parent === undefined || each.parent === parent)
      .filter((each) => account === undefined || each.account === account).length;
  }

  responseTo(hash: string): unknown {
    const known = this.state.requests.get(hash);
    return known !== undefined && known.until > this.wall() ? structuredClone(known.response) : undefined;
  }

  all(kind?: string): Resource[] {
    return [...this.state.resources.values()]
      .filter((each) => kind === undefined || each.kind === kind)
      .sort(
        (a, b) =>
          octets(a.kind, b.kind) ||
          octets(a.parent ?? '', b.parent ?? '') ||
          octets(a.sort, b.sort) ||
          octets(a.id, b.id),
      )
      .map((each) => structuredClone(each));
  }
}

class MemorySnapshot extends MemoryReads implements Snapshot {
  readonly revision: Revision;
  constructor(state: State, wall: () => number, revision: Revision) {
    super(state, wall);
    this.revision = revision;
  }
  resources(kind?: string): IterableIterator<Resource> {
    return this.all(kind).values();
  }
  close(): void {}
  [Symbol.dispose](): void {}
}

export class MemoryStore extends MemoryReads implements Store {
  readonly incarnation = 'memory';
  readonly fault = undefined;
  readonly #keepItems: number;
  readonly #log: AppliedChange[] = [];
  readonly #listeners = new Set<(change: AppliedChange) => void>();
  #isClosed = false;
  #state: State = { resources: new Map(), requests: new Map() };

  constructor(wall: () => number, keepItems: number) {
    const state: State = { resources: new Map(), requests: new Map() };
    super(state, wall);
    this.#state = state;
    this.#keepItems = keepItems;
  }

  get revision(): Revision {
    return this.#log.length;
  }

  async apply(change: Change | Decision): Promise<Revision> {
    if (this.#isClosed) throw new StoreError('closed', 'closed', '');
    await undefined;
    const next = copyOf(this.#state);
    const revision = this.revision + 1;
    const reads = new MemoryReads(next, this.wall);
    const decided = typeof change === 'function' ? change(reads, revision) : change;
    checkChange(decided);
    const { origin, request, items } = decided;
    if (request !== undefined) {
      const known = reads.responseTo(request.hash);
      if (known !== undefined) throw new RepeatedError(known);
      const until = Math.floor(this.wall()) + request.forMs;
      next.requests.set(request.hash, { response: kept(request.response), until });
    }
    const applied = items.flatMap((item, index) => applyItem(next, item, index, revision) ?? []);
    this.#replace(next);
    const at = Math.max(this.#log.at(-1)?.at ?? 0, Math.floor(this.wall()));
    const entry = { revision, at, origin, items: applied };
    this.#log.push(entry);
    for (const listener of this.#listeners) listener(entry);
    return revision;
  }

  #replace({ resources, requests }: State): void {
    this.#state.resources.clear();
    this.#state.requests.clear();
    for (const [key, value] of resources) this.#state.resources.set(key, value);
    for (const [key, value] of requests) this.#state.requests.set(key, value);
  }

  snapshot(): Snapshot {
    return new MemorySnapshot(copyOf(this.#state), this.wall, this.revision);
  }

  changes(after: Revision, limit: number): AppliedChange[] {
    checkLimit(limit);
    if (after + 1 < this.#oldest()) throw new StoreError('compacted', 'not kept', 'take a snapshot');
    return this.#log.slice(after, after + limit);
  }

  #oldest(): Revision {
    let [first, items] = [this.revision, this.#log.at(-1)?.items.length ?? 0];
    while (first > 1 && items + this.#log[first - 2]!.items.length <= this.#keepItems)
      items += this.#log[--first - 1]!.items.length;
    return first;
  }

  watch(after: Revision, listener: (change: AppliedChange) => void): Watch {
    for (const change of this.changes(after, 10_000)) listener(change);
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  audit({ since = 0, before = Infinity, account, accessKey, operation, limit }: AuditQuery): AuditEntry[] {
    checkLimit(limit);
    return this.#log
      .toReversed()
      .filter(({ at, revision }) => at >= since && revision < before)
      .filter(({ origin }) => account === undefined || origin.account === account)
      .filter(({ origin }) => accessKey === undefined || origin.accessKey === accessKey)
      .filter(({ origin }) => operation === undefined || origin.operation === operation)
      .slice(0, limit)
      .map(({ items, ...rest }) => ({ ...rest, items: items.length }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }
}

function toldOf(kind: string, body: unknown): unknown {
  return isSecretKind(kind) ? undefined : body;
}

function applyItem(
  { resources }: State,
  item: Item,
  index: number,
  revision: Revision,
): AppliedItem | undefined {
  const there = resources.get(keyOf(item));
  const expect = item.expect ?? (item.action === 'delete' ? 'present' : undefined);
  if (!isAsExpected(expect, there?.revision))
    throw new ConflictError(index, item, expectationText(expect!), there?.revision);
  const { kind, id } = item;
  const before = there?.body;
  switch (item.action) {
    case 'check':
      return undefined;
    case 'delete': {
      resources.delete(keyOf(item));
      const { account, parent, sort } = there!;
      const bodies = { before: toldOf(kind, before), after: undefined };
      return { action: 'delete', kind, id, account, parent, sort, ...bodies };
    }
    case 'put': {
      const { account, parent, sort } = item;
      const body = kept(item.body);
      resources.set(keyOf(item), { kind, id, account, parent, sort, revision, body });
      const bodies = { before: toldOf(kind, before), after: toldOf(kind, body) };
      return { action: 'put', kind, id, account, parent, sort, ...bodies };
    }
  }
}
