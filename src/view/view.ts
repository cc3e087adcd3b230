import { assert, unreachable } from '../util/assert.ts';
import { fold, type Name, ROOT } from '../wire/name.ts';
import { NameTable, Suffixes } from '../zone/nametable.ts';
import type { Candidate, Role, Snapshot, ViewData } from './snapshot.ts';

/** A candidate that may answer, and where it stands. */
export interface Match {
  readonly candidate: Candidate;
  /** The name at which the candidate stands, folded. */
  readonly name: Name;
}

/**
 * `may-answer`: takes the question, unless one before it does. `hole`: a SYSTEM rule, which has no data and makes
 * the question be resolved locally. `passed-over`: a FORWARD rule behind a hole.
 */
export type Standing = 'may-answer' | 'hole' | 'passed-over';

/** A candidate, whether it may answer or not. */
interface Stood {
  readonly match: Match;
  readonly standing: Standing;
}

/** All that stands at a name and above it, in order of precedence. */
interface Ladder {
  readonly standings: readonly Stood[];
  /** Of these, those that may answer. */
  readonly candidates: readonly Match[];
  /** Names at which something stands, the longest first. */
  readonly names: readonly Name[];
}

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
  /** By group: made when it is the longest that matches for the first time, as what is above it is always the same. */
  readonly #ladders = new Map<number, Ladder>();

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
    return this.candidates(qname)[0];
  }

  /**
   * All that may answer for `qname`, in order of precedence. The first one does, unless it is an overlay zone that
   * passes the question on.
   */
  candidates(qname: Name): readonly Match[] {
    return this.#ladderOf(qname).candidates;
  }

  /** Everything at `qname` and above it, in order of precedence, with what becomes of it; `explain` shows this. */
  standings(qname: Name): readonly Stood[] {
    return this.#ladderOf(qname).standings;
  }

  /**
   * The names that decided which candidates `qname` has: an answer depends on what stands at them. A name that is
   * added to the view changes answers only of those who had the longest suffix above it.
   */
  matchedNames(qname: Name): readonly Name[] {
    return this.#ladderOf(qname).names;
  }

  #ladderOf(qname: Name): Ladder {
    const count = this.#table.lookupSuffixes(qname, suffixes);
    if (count === 0) return NOTHING;
    const longest = suffixes.values[0]!;
    let ladder = this.#ladders.get(longest);
    if (ladder === undefined) this.#ladders.set(longest, (ladder = this.#makeLadder(qname, count)));
    return ladder;
  }

  /** Of the first `count` of `suffixes`, which are those of `qname`. */
  #makeLadder(qname: Name, count: number): Ladder {
    const standings: Stood[] = [];
    const candidates: Match[] = [];
    const names: Name[] = [];
    let local = false;
    for (let i = 0; i < count; i++) {
      const name = fold(qname.slice(suffixes.offsets[i]!));
      names.push(name);
      for (const candidate of this.#groups[suffixes.values[i]!]!) {
        const standing = standingOf(candidate, name, local);
        if (standing === 'hole') local = true;
        const match = { candidate, name };
        standings.push({ match, standing });
        if (standing === 'may-answer') candidates.push(match);
      }
    }
    return { standings, candidates, names };
  }
}

const suffixes = new Suffixes();
const NOTHING: Ladder = { standings: [], candidates: [], names: [ROOT] };

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
