import type { Item, Reads, Resource } from '../store/store.ts';

/**
 * The domains of a list, in order, cut into leaves: the bottom of a B-tree. A leaf is a resource whose sort key is the
 * most that it may hold, so that the leaf of a domain is the first from the domain on, and pages are ranges.
 *
 *     list ─┬─ m.example.  "a.example. b.example. m.example."
 *           └─ ~           "n.example. z.example."
 *
 * A change writes the leaves whose domains change and no others. A list that is replaced by one that is nearly equal
 * costs what differs; it keeps the leaves that it has, and those that are left empty go.
 */
export const DOMAINS = 'firewall-domains';

/**
 * Some 600 octets: SQLite keeps what is over a quarter of a page in pages of its own, and the log keeps both bodies of
 * each change.
 */
const LEAF_MAX = 32;
/** Of leaves that are made at once: there is room for some more before they are cut. */
const LEAF_FILL = 24;
/** Behind every domain. */
const END = '~';
/** Leaves that are read at once. */
const PAGE = 64;

/** The domains with a blank between two. */
type LeafBody = string;

export type DomainOperation = 'ADD' | 'REMOVE' | 'REPLACE';

/** What a change of domains is made of. */
export interface DomainEdit {
  readonly items: readonly Item[];
  /** How many domains there are more than before, or fewer. */
  readonly added: number;
}

/** The domains of a list in order, from `from` on. The state is not to change meanwhile. */
export function* domainsFrom(state: Reads, list: string, from = ''): Generator<string, void> {
  for (const { domains } of leavesFrom(state, list, from))
    for (const domain of domains) if (domain >= from) yield domain;
}

/** @param domains in order, each once */
export function editDomains(
  state: Reads,
  list: Pick<Resource, 'id' | 'account'>,
  operation: DomainOperation,
  domains: readonly string[],
): DomainEdit {
  const items: Item[] = [];
  let added = 0;
  const leaves =
    operation === 'REPLACE' ? everyLeaf(state, list.id, domains) : leavesOf(state, list.id, domains);
  for (const { sort, domains: before, given } of leaves) {
    const after = edited(operation, before, given);
    items.push(...leafItems(list, sort, before, after));
    added += after.length - before.length;
  }
  return { items, added };
}

function edited(
  operation: DomainOperation,
  before: readonly string[],
  given: readonly string[],
): readonly string[] {
  switch (operation) {
    case 'ADD':
      return [...new Set([...before, ...given])].sort();
    case 'REMOVE': {
      const gone = new Set(given);
      return before.filter((domain) => !gone.has(domain));
    }
    case 'REPLACE':
      return given;
  }
}

interface Leaf {
  readonly sort: string;
  readonly domains: readonly string[];
}

/** A leaf, and which of the domains of a request belong there. */
interface Touched extends Leaf {
  readonly given: readonly string[];
}

/** The leaves to which some of `domains` belong. */
function* leavesOf(state: Reads, list: string, domains: readonly string[]): Generator<Touched, void> {
  for (let at = 0; at < domains.length; ) {
    const from = { sort: domains[at]! };
    const [found] = state.list<LeafBody>({ kind: DOMAINS, parent: list, from, limit: 1 });
    const leaf = found === undefined ? { sort: END, domains: [] } : leafFrom(found);
    const given = upTo(domains, at, leaf.sort);
    at += given.length;
    yield { ...leaf, given };
  }
}

/** All leaves, those to which none belongs too. */
function* everyLeaf(state: Reads, list: string, domains: readonly string[]): Generator<Touched, void> {
  let at = 0;
  for (const leaf of leavesFrom(state, list, '')) {
    const given = upTo(domains, at, leaf.sort);
    at += given.length;
    yield { ...leaf, given };
  }
  if (at < domains.length) yield { sort: END, domains: [], given: domains.slice(at) };
}

function upTo(domains: readonly string[], at: number, last: string): readonly string[] {
  let end = at;
  while (end < domains.length && domains[end]! <= last) end++;
  return domains.slice(at, end);
}

function* leavesFrom(state: Reads, list: string, sort: string): Generator<Leaf, void> {
  let from: { sort: string; id?: string } = { sort };
  for (;;) {
    const page = state.list<LeafBody>({ kind: DOMAINS, parent: list, from, limit: PAGE });
    for (const found of page) yield leafFrom(found);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return;
    // The next place behind it.
    from = { sort: last.sort, id: `${last.id} ` };
  }
}

function leafFrom({ sort, body }: Resource<LeafBody>): Leaf {
  return { sort, domains: body.split(' ') };
}

function leafItems(
  list: Pick<Resource, 'id' | 'account'>,
  sort: string,
  before: readonly string[],
  after: readonly string[],
): Item[] {
  const isSame = before.length === after.length && before.every((domain, i) => domain === after[i]);
  if (isSame) return [];
  if (after.length === 0) return [{ action: 'delete', kind: DOMAINS, id: leafId(list, sort) }];
  const pieces = piecesOf(after);
  return pieces.map((piece, i) => {
    // The last keeps the place; those before it end where they end.
    const key = i === pieces.length - 1 ? sort : piece.at(-1)!;
    return {
      action: 'put',
      kind: DOMAINS,
      id: leafId(list, key),
      account: list.account,
      parent: list.id,
      sort: key,
      body: piece.join(' ') satisfies LeafBody,
    };
  });
}

function leafId({ id }: Pick<Resource, 'id'>, sort: string): string {
  return `${id} ${sort}`;
}

/** Of about one size each. */
function piecesOf(domains: readonly string[]): (readonly string[])[] {
  if (domains.length <= LEAF_MAX) return [domains];
  const count = Math.ceil(domains.length / LEAF_FILL);
  const size = Math.ceil(domains.length / count);
  const pieces: (readonly string[])[] = [];
  for (let at = 0; at < domains.length; at += size) pieces.push(domains.slice(at, at + size));
  return pieces;
}
