import { assert, unreachable } from '../util/assert.ts';
import { type Name, ROOT } from '../wire/name.ts';
import { NameTable, Suffixes } from '../zone/nametable.ts';
import type { Candidate, Role, Snapshot, ViewData } from './snapshot.ts';

/** A candidate that may answer, and where it stands. */
export interface Match {
  readonly candidate: Candidate;
  /** The suffix of the asked name at which the candidate stands, sharing its memory. */
  readonly name: Name;
}

/**
 * `may-answer`: takes the question, unless one before it does. `hole`: a SYSTEM rule, which has no data and makes
 * the question be resolved locally. `passed-over`: a FORWARD rule behind a hole.
 */
export type Standing = 'may-answer' | 'hole' | 'passed-over';

/**
 * One VPC's view of the name space. Which of its rules and zones answers a question is decided here and nowhere
 * else, as Route 53 Resolver does: the longest suffix of the name over custom rules, private zones and
 * autodefined zones together; at the same name a rule comes before a private zone, and that before an autodefined
 * zone. The compiler put the candidates of one name in that order, so it is enough to go from the longest suffix
 * to the shortest.
 *
 * A SYSTEM rule sends the question to local resolution: from there on FORWARD rules do not count. What local
 * resolution has no data for goes out to the Internet, and a FORWARD rule for the root is how this node reaches
 * it; so that one rule counts still.
 */
export class View {
  /** See ViewData. */
  readonly vpc: string;
  readonly serves: Role;
  readonly index: number;
  /** See ViewData. */
  readonly key: number;
  readonly region: string;
  readonly #table: NameTable;
  readonly #groups: ViewData['groups'];

  constructor(snapshot: Snapshot, index: number) {
    const data = snapshot.views[index];
    assert(data !== undefined, 'no such view');
    this.vpc = data.vpc;
    this.serves = data.serves;
    this.index = data.index;
    this.key = data.key;
    this.region = data.region;
    this.#table = NameTable.from(data.table);
    this.#groups = data.groups;
  }

  /** What answers for `qname`; undefined where nothing in this view does. */
  match(qname: Name): Match | undefined {
    const first = this.candidates(qname).next();
    return first.done ? undefined : first.value;
  }

  /**
   * All that may answer for `qname`, in order of precedence. The first one does, unless it is an overlay zone that
   * passes the question on. `qname` must not change while it runs.
   */
  *candidates(qname: Name): Generator<Match, void, undefined> {
    for (const { match, standing } of this.standings(qname)) if (standing === 'may-answer') yield match;
  }

  /** Everything at `qname` and above it, in order of precedence, with what becomes of it; `explain` shows this. */
  *standings(qname: Name): Generator<{ match: Match; standing: Standing }, void, undefined> {
    let local = false;
    for (const { name, group } of this.#groupsAbove(qname)) {
      for (const candidate of group) {
        const standing = standingOf(candidate, name, local);
        if (standing === 'hole') local = true;
        yield { match: { candidate, name }, standing };
      }
    }
  }

  /**
   * The names that decided which candidates `qname` has: an answer depends on what stands at them. A name that is
   * added to the view changes answers only of those who had the longest suffix above it.
   */
  matchedNames(qname: Name): Name[] {
    const names = this.#groupsAbove(qname).map(({ name }) => name);
    return names.length === 0 ? [ROOT] : names;
  }

  /** Groups of the suffixes of `qname`, the longest first. Copied: a generator may be left waiting. */
  #groupsAbove(qname: Name): { name: Name; group: readonly Candidate[] }[] {
    const count = this.#table.lookupSuffixes(qname, suffixes);
    const out: { name: Name; group: readonly Candidate[] }[] = [];
    for (let i = 0; i < count; i++)
      out.push({ name: qname.slice(suffixes.offsets[i]!), group: this.#groups[suffixes.values[i]!]! });
    return out;
  }
}

const suffixes = new Suffixes();

/** @param local a SYSTEM rule was passed on the way up */
function standingOf(candidate: Candidate, name: Name, local: boolean): Standing {
  switch (candidate.kind) {
    case 'system':
      return 'hole';
    case 'forward':
      return local && name.length > 1 ? 'passed-over' : 'may-answer';
    case 'recursive':
    case 'zone':
    case 'local':
      return 'may-answer';
    default:
      return unreachable(candidate);
  }
}
