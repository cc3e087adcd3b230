import type { Name } from '../../../wire/name.ts';
import { nameKey, nameToText } from '../../../wire/name.ts';
import type { Places } from '../document.ts';
import { suggestion } from '../nearest.ts';
import { type ConfigProblem, type Path, pathToText } from '../problem.ts';
import type { Partially } from '../read.ts';
import type { ConfigFile } from '../schema.ts';

/** Values that were read; holes stand where one could not be, and are passed over: their error is told already. */
export type Draft = Partially<ConfigFile>;

type Vpcs = readonly (string | undefined)[] | undefined;

/** The id of a rule or zone that has none of its own: no two have one domain in one VPC. */
export function derivedId(domain: Name, vpcs: readonly (string | undefined)[]): string {
  return `${nameToText(domain)}@${vpcs[0] ?? ''}`;
}

/** The same for a delegate rule, beside which there may be a rule for the same name. */
export function derivedDelegateId(record: Name, vpcs: readonly (string | undefined)[]): string {
  return `delegate:${derivedId(record, vpcs)}`;
}

/** Names that are compared with misspelt ones, over all: a few seconds of work, whatever stands in the file. */
const COMPARISONS_MAX = 500_000;

/** What all checks of what stands together share: the draft, the places, and the lists of findings. */
export class CheckContext {
  readonly draft: Draft;
  readonly errors: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly #places: Places;
  readonly #vpcIds: readonly string[];
  #compared = 0;

  constructor(places: Places, draft: Draft) {
    this.#places = places;
    this.draft = draft;
    this.#vpcIds = (draft.vpcs ?? []).flatMap((vpc) => vpc?.id ?? []);
  }

  error(path: Path, message: string, remedy: string): void {
    this.errors.push(this.#places.problemAt(path, message, remedy));
  }

  /** An error: `name` is none of those that are `known`. Says which one was most likely meant. */
  unknown(path: Path, message: string, name: string, known: Iterable<string>): void {
    const isCompared = this.#compared < COMPARISONS_MAX;
    const names = isCompared ? [...known] : [];
    this.#compared += names.length;
    this.error(path, message, isCompared ? suggestion(name, names) : '');
  }

  warn(path: Path, message: string, remedy: string): void {
    this.warnings.push(this.#places.problemAt(path, message, remedy));
  }

  /** True if the file has something at `path`, readable or not. */
  has(path: Path): boolean {
    return this.#places.has(path);
  }

  /** A VPC that is named must be declared. `others` are words that may stand in its place. */
  knownVpc(vpc: string | undefined, path: Path, others: readonly string[] = []): void {
    if (vpc === undefined || this.#vpcIds.includes(vpc) || others.includes(vpc)) return;
    this.unknown(path, `no VPC has the id "${vpc}"`, vpc, [...this.#vpcIds, ...others]);
  }

  /** The VPCs of a rule or zone: declared, each once. */
  associatedVpcs(vpcs: Vpcs, path: Path): void {
    const seen = new Once();
    vpcs?.forEach((vpc, i) => {
      this.knownVpc(vpc, [...path, i]);
      const first = vpc && seen.add(vpc, [...path, i]);
      if (first) this.error([...path, i], `${vpc} stands here twice`, 'leave one out');
    });
  }
}

/** Finds what stands somewhere for the second time. */
export class Once {
  readonly #first = new Map<string, Path>();

  /** Where `value` was first, if it was anywhere; else remembers `path`. */
  add(value: string, path: Path): string | undefined {
    const first = this.#first.get(value);
    if (first !== undefined) return pathToText(first);
    this.#first.set(value, path);
    return undefined;
  }

  find(value: string): Path | undefined {
    return this.#first.get(value);
  }
}

/** Ids of rules or of zones. Two derived ids are equal only where the pair of name and VPC is, which is told. */
export class Ids {
  readonly #seen = new Map<string, { path: Path; derived: boolean }>();

  /** @param made the id that one has without its own */
  check(context: CheckContext, id: string | undefined, made: string | undefined, path: Path): void {
    this.#check(context, id, made, path, id === undefined);
  }

  /** The same for a public zone: two of one name are right, but not their ids. */
  checkPublic(context: CheckContext, id: string | undefined, made: string | undefined, path: Path): void {
    this.#check(context, id, made, path, false);
  }

  #check(
    context: CheckContext,
    id: string | undefined,
    made: string | undefined,
    path: Path,
    derived: boolean,
  ): void {
    const known = id ?? made;
    if (known === undefined) return;
    const first = this.#seen.get(known);
    if (first === undefined) this.#seen.set(known, { path, derived });
    else if (!(derived && first.derived))
      context.error(
        id === undefined ? path : [...path, 'id'],
        `id "${known}" is taken by ${pathToText(first.path)}`,
        'give each an id of its own',
      );
  }
}

/** Rules, or zones, by VPC and name: there may be one for each pair. */
export class NamesByVpc {
  readonly #once = new Once();

  /** Calls `taken` for each VPC in which `name` is there already. */
  add(name: Name | undefined, vpcs: Vpcs, path: Path, taken: (vpc: string, other: string) => void): void {
    if (name === undefined) return;
    for (const vpc of new Set(vpcs)) {
      const other = vpc && this.#once.add(pairKey(name, vpc), path);
      if (vpc && other) taken(vpc, other);
    }
  }

  find(name: Name, vpc: string): Path | undefined {
    return this.#once.find(pairKey(name, vpc));
  }
}

function pairKey(name: Name, vpc: string): string {
  return `${vpc} ${nameKey(name)}`;
}
