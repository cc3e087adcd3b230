import { dirname } from 'node:path';
import { algorithmTable } from '../../dnssec/algorithm.ts';
import { readAnchors } from '../../dnssec/anchorfile.ts';
import type { LocalRootSettings, TrustAnchor } from '../../resolver/settings.ts';
import { nameToText } from '../../wire/name.ts';
import type { ZoneError } from '../../wire/text/zonefile.ts';
import { fileFault, systemFiles } from '../config/files.ts';
import { type FileEntries, pathIn } from '../config/load.ts';
import type { ConfigProblem, Path } from '../config/problem.ts';
import { SHIPPED_ANCHORS, SHIPPED_HINTS } from '../config/shipped.ts';
import { mergeAnchors } from './anchors.ts';
import { type Hint, parseHints } from './hints.ts';
import { readLocalRoot } from './localroot.ts';

/** Where recursion begins and what it trusts, as the files say. */
export interface Root {
  readonly hints: readonly Hint[];
  readonly anchors: readonly TrustAnchor[];
  readonly localRoot: LocalRootSettings | undefined;
}

export interface ReadRoot extends Root {
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Reads the files of hints and anchors that the configuration names, or those that come with the program, and the copy
 * of the root zone. @param now wall clock, milliseconds
 */
export function readRoot(entries: FileEntries, now: number): ReadRoot {
  const reader = new RootReader(entries);
  const hints = reader.hints();
  const anchors = reader.anchors();
  const localRoot = reader.localRoot(anchors, now);
  const { errors, warnings } = reader;
  return { hints, anchors, localRoot, errors, warnings };
}

interface Text {
  readonly octets: Uint8Array;
  /** As problems name it. */
  readonly file: string;
}

class RootReader {
  readonly errors: ConfigProblem[] = [];
  readonly warnings: ConfigProblem[] = [];
  readonly #entries: FileEntries;

  constructor(entries: FileEntries) {
    this.#entries = entries;
  }

  hints(): readonly Hint[] {
    const { hints: own, anchors } = this.#entries.root;
    const path: Path = ['recursion', 'hints'];
    const text = own === undefined ? this.#shipped(SHIPPED_HINTS, path) : this.#open(own, path);
    if (text === undefined) return [];
    const { hints, errors, warnings } = parseHints(text.octets, text.file);
    this.errors.push(...errors.map(problemOf));
    this.warnings.push(...warnings.map(problemOf));
    if (own !== undefined && anchors === undefined && hints.length > 0) this.#warnIfPrivate(hints);
    return hints;
  }

  /** The anchors of the public root do not fit another one: every answer would be bogus. */
  #warnIfPrivate(hints: readonly Hint[]): void {
    const shipped = this.#shipped(SHIPPED_HINTS, ['recursion', 'hints']);
    const known = shipped === undefined ? [] : parseHints(shipped.octets, shipped.file).hints;
    const addresses = new Set(known.flatMap((hint) => hint.addresses));
    if (hints.some((hint) => hint.addresses.some((address) => addresses.has(address)))) return;
    this.warnings.push(
      this.#entries.problemAt(
        ['recursion', 'hints'],
        'these servers are not those of the public root, but the trust anchors are',
        'add anchors, with the key of this root; or write dnssec: off in the VPCs if it is not signed',
      ),
    );
  }

  anchors(): readonly TrustAnchor[] {
    const { anchors: own } = this.#entries.root;
    const path: Path = ['recursion', 'anchors'];
    const texts =
      own === undefined
        ? [this.#shipped(SHIPPED_ANCHORS, path)]
        : typeof own === 'string'
          ? [this.#open(own, path)]
          : own.map((file, i) => (file === undefined ? undefined : this.#open(file, [...path, i])));
    const anchors = mergeAnchors(texts.flatMap((text) => (text === undefined ? [] : this.#anchorsOf(text))));
    const isWhole = this.errors.length === 0 && texts.every((text) => text !== undefined);
    if (isWhole && !anchors.some(({ zone }) => zone.length === 1)) this.#warnWithoutRoot(anchors, path);
    return anchors;
  }

  /** @param now wall clock, milliseconds */
  localRoot(anchors: readonly TrustAnchor[], now: number): LocalRootSettings | undefined {
    const { localRoot: own, sha1 } = this.#entries.root;
    const text = own === undefined ? undefined : this.#open(own, ['recursion', 'localRoot']);
    // Without the anchors that are in force nothing can be said of it.
    if (text === undefined || this.errors.length > 0) return undefined;
    const { localRoot, errors } = readLocalRoot(text.octets, text.file, { anchors, sha1, now });
    this.errors.push(...errors.map(problemOf));
    return localRoot;
  }

  #anchorsOf({ octets, file }: Text): readonly TrustAnchor[] {
    const algorithms = algorithmTable({ sha1: this.#entries.root.sha1 });
    const { anchors, errors } = readAnchors(new TextDecoder().decode(octets), file, algorithms);
    this.errors.push(...errors.map(problemOf));
    return anchors;
  }

  #warnWithoutRoot(anchors: readonly TrustAnchor[], path: Path): void {
    const zones = anchors.map(({ zone }) => nameToText(zone)).join(', ');
    this.warnings.push(
      this.#entries.problemAt(
        path,
        `no anchor of the root: only ${zones} and what is below is validated`,
        `add ${SHIPPED_ANCHORS} to the list for the public root`,
      ),
    );
  }

  #open(file: string, path: Path): Text | undefined {
    const { files, folder, file: configFile, problemAt } = this.#entries;
    try {
      return { octets: files.read(pathIn(folder, file)), file: pathIn(dirname(configFile), file) };
    } catch (error) {
      const { message, remedy } = fileFault(error);
      this.errors.push(problemAt(path, `${file}: ${message}`, remedy));
      return undefined;
    }
  }

  #shipped(file: string, path: Path): Text | undefined {
    try {
      return { octets: systemFiles.read(file), file };
    } catch (error) {
      const { message } = fileFault(error);
      const remedy = `install the program again, or write ${path.at(-1)}: with a file of your own`;
      this.errors.push(this.#entries.problemAt(path, `${file}: ${message}`, remedy));
      return undefined;
    }
  }
}

function problemOf({ file, line, column, message }: ZoneError): ConfigProblem {
  return { file, line, column, path: '', message, remedy: '' };
}
