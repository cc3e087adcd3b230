import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { type Name, nameKey, nameToText } from '../../wire/name.ts';
import type { Rr } from '../../wire/record.ts';
import { type Place, parseZone, type ZoneError } from '../../wire/text/zonefile.ts';
import { type Problem, Zone, ZoneBuilder } from '../../zone/image.ts';
import { confine, fileFault } from '../config/files.ts';
import { type FileEntries, pathIn, type ZoneEntry } from '../config/load.ts';
import { type ConfigProblem, type Path, SettingError } from '../config/problem.ts';

/** A zone as it was compiled, with what tells whether it must be compiled again. */
export interface CompiledZone {
  readonly image: SharedArrayBuffer;
  readonly warnings: readonly ConfigProblem[];
  /** Of the settings that the image depends on, and of the text of all files. */
  readonly settings: string;
  readonly sources: readonly Source[];
}

interface Source {
  /** As problems name it. */
  readonly file: string;
  /** SHA-256 of its octets. */
  readonly hash: string;
}

export type ZoneResult =
  | { readonly zone: CompiledZone; readonly errors?: undefined }
  | { readonly zone?: undefined; readonly errors: readonly ConfigProblem[] };

/** Compiles the zone `zone` at `zones[index]`, or takes `previous` where neither text nor settings changed. */
export function compileZone(
  entries: FileEntries,
  zone: ZoneEntry,
  index: number,
  previous?: CompiledZone,
): ZoneResult {
  const settings = JSON.stringify([nameToText(zone.name), zone.ttl, zone.file ?? null]);
  const reader = new ZoneReader(entries, zone, index);
  const main = reader.open();
  if (main === undefined) return { errors: reader.errors };
  if (previous?.settings === settings && reader.isUnchanged(main, previous.sources))
    return { zone: previous };
  const builder = new ZoneBuilder(zone.name, { synthesizeApex: zone.records !== undefined });
  let records = 0;
  const faults = reader.parse(main, (rr) => {
    records++;
    builder.add(rr);
  });
  if (faults.length > 0)
    return { errors: [...faults.map((fault) => reader.problem(fault)), ...faultsOfRest(reader, main, zone)] };
  const { sources } = reader;
  const build = builder.finish();
  if (build.errors !== undefined) return { errors: reader.locate(main, build.errors) };
  const warnings =
    records > LOCATE_RECORDS_MAX || build.warnings.length === 0
      ? build.warnings.map(({ name, message }) => unplaced(main, name, message))
      : reader.locate(main, build.warnings);
  return { zone: { image: build.image, warnings, settings, sources } };
}

/**
 * What is wrong with the records of a text that could be read, where others could not. Those may be the SOA and NS,
 * so the apex gets its own where it has none: half a zone must not be blamed for what it lacks.
 */
function faultsOfRest(reader: ZoneReader, main: Text, { name }: ZoneEntry): ConfigProblem[] {
  const builder = new ZoneBuilder(name, { synthesizeApex: true });
  reader.parse(main, (rr) => builder.add(rr));
  return reader.locate(main, builder.finish().errors ?? []);
}

function unplaced(main: Text, name: Name, message: string): ConfigProblem {
  return {
    file: main.file,
    line: 1,
    column: 1,
    path: '',
    message: `${nameToText(name)}: ${message}`,
    remedy: '',
  };
}

/** True where `next` has nothing but its apex and `old` had more. */
export function isEmptied(old: SharedArrayBuffer, next: SharedArrayBuffer): boolean {
  return Zone.from(old).nodeCount > 1 && Zone.from(next).nodeCount === 1;
}

/** Above this many records the places of mere warnings are not looked up: that is a second reading of the text. */
const LOCATE_RECORDS_MAX = 100_000;

interface Text {
  readonly text: string | Uint8Array;
  /** As problems name it. */
  readonly file: string;
}

/** Reads the text of one zone and of the files that it includes. */
class ZoneReader {
  readonly errors: ConfigProblem[] = [];
  sources: Source[] = [];
  readonly #entries: FileEntries;
  readonly #zone: ZoneEntry;
  readonly #path: Path;
  /** Included files lie here; without symbolic links. Undefined where nothing may be included. */
  #folder: string | undefined;

  constructor(entries: FileEntries, zone: ZoneEntry, index: number) {
    this.#entries = entries;
    this.#zone = zone;
    this.#path = ['zones', index];
  }

  /** The zone's own text, or undefined, with errors. */
  open(): Text | undefined {
    const { files, folder, file: configFile, problemAt } = this.#entries;
    const { file, records } = this.#zone;
    if (file === undefined) return { text: records ?? '', file: configFile };
    try {
      const real = confine(files, folder, pathIn(folder, file));
      this.#folder = dirname(real);
      return { text: files.read(real), file: pathIn(dirname(configFile), file) };
    } catch (error) {
      const { message, remedy } = error instanceof SettingError ? error : fileFault(error);
      this.errors.push(problemAt([...this.#path, 'file'], `${file}: ${message}`, remedy));
      return undefined;
    }
  }

  /** Hands each good record to `onRecord` and returns the errors of the text. */
  parse(main: Text, onRecord: (rr: Rr, place: Place) => void): ZoneError[] {
    this.sources = [{ file: main.file, hash: hashOf(main.text) }];
    return parseZone(main.text, {
      origin: this.#zone.name,
      file: main.file,
      defaultTtl: Math.floor(this.#zone.ttl / 1000),
      ...(this.#folder === undefined ? {} : { include: (path, from) => this.#include(path, from) }),
      onRecord,
    });
  }

  /** True if main text and included files are what they were. */
  isUnchanged(main: Text, sources: readonly Source[]): boolean {
    const [first, ...included] = sources;
    if (first?.file !== main.file || first.hash !== hashOf(main.text)) return false;
    return included.every((source) => {
      const found = this.#readIncluded(source.file);
      return typeof found !== 'string' && hashOf(found) === source.hash;
    });
  }

  /** An error of the text, where it stands. */
  problem({ file, line, column, message }: ZoneError): ConfigProblem {
    if (this.#zone.file !== undefined) return { file, line, column, path: '', message, remedy: '' };
    return this.#entries.problemInText([...this.#path, 'records'], line, column, message);
  }

  /** Finds where in the text the names are that a build complains about. */
  locate(main: Text, problems: readonly Problem[]): ConfigProblem[] {
    if (problems.length === 0) return [];
    const wanted = new Map<string, Place | undefined>(problems.map(({ name }) => [nameKey(name), undefined]));
    this.parse(main, (rr, place) => {
      const key = nameKey(rr.name);
      if (wanted.has(key) && wanted.get(key) === undefined) wanted.set(key, place);
    });
    return problems.map(({ name, message }) => {
      const place = wanted.get(nameKey(name)) ?? { file: main.file, line: 1 };
      return this.problem({ ...place, column: 1, message: `${nameToText(name)}: ${message}` });
    });
  }

  #include(path: string, from: string): Text | string {
    const file = pathIn(dirname(from), path);
    const text = this.#readIncluded(file);
    if (typeof text === 'string') return text;
    this.sources.push({ file, hash: hashOf(text) });
    return { text, file };
  }

  /** The octets of an included file, or why it cannot be included. */
  #readIncluded(file: string): Uint8Array | string {
    try {
      return this.#entries.files.read(confine(this.#entries.files, this.#folder!, file));
    } catch (error) {
      const { message, remedy } = error instanceof SettingError ? error : fileFault(error);
      return `${message}; ${remedy}`;
    }
  }
}

function hashOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('base64');
}
