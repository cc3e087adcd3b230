import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { type Name, nameFromText, nameKey, nameToText } from '../../wire/name.ts';
import type { Rr } from '../../wire/record.ts';
import { type Place, parseZone, type ZoneError } from '../../wire/text/zonefile.ts';
import { type ApexNames, type Problem, Zone, ZoneBuilder } from '../../zone/image.ts';
import { confine, fileFault } from '../config/files.ts';
import { type ApexSource, type FileEntries, pathIn, type ZoneEntry } from '../config/load.ts';
import { type ConfigProblem, type Path, SettingError } from '../config/problem.ts';
import type { Resources } from '../records/input.ts';
import { ZoneSets } from './recordsets.ts';

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

/**
 * Compiles the zone `zone` at `zones[index]`, or takes `previous` where neither text nor settings changed.
 * `resources` are what its record sets may name.
 */
export function compileZone(
  entries: FileEntries,
  zone: ZoneEntry,
  index: number,
  resources: Resources,
  previous?: CompiledZone,
): ZoneResult {
  const sets = new ZoneSets(entries, zone, index, resources);
  const { apex } = zone;
  const settings = JSON.stringify([
    nameToText(zone.name),
    zone.ttl,
    zone.file ?? null,
    typeof apex === 'string' ? apex : apex.map(nameToText),
    sets.digest,
  ]);
  const reader = new ZoneReader(entries, zone, index);
  const texts = reader.open();
  if (texts === undefined) return { errors: [...reader.errors, ...errorsBesideText(sets)] };
  if (sets.isRead && previous?.settings === settings && reader.isUnchanged(texts, previous.sources))
    return { zone: previous };
  const builder = new ZoneBuilder(zone.name, { synthesizeApex: apexNames(zone.name, apex) });
  let records = 0;
  const faults = reader.parse(texts, (rr) => {
    records++;
    sets.others.add(rr);
    builder.add(rr);
  });
  sets.others.isWhole = faults.length === 0;
  const errors = [...faults.map((fault) => reader.problem(fault)), ...sets.errors()];
  if (errors.length > 0 || !sets.isRead)
    return { errors: [...errors, ...faultsOfRest(reader, texts, zone, sets)] };
  const { sources } = reader;
  for (const set of sets.sets) builder.addSet(set);
  const build = builder.finish();
  if (build.errors !== undefined) return { errors: reader.locate(texts, sets, build.errors) };
  const warnings =
    records > LOCATE_RECORDS_MAX || build.warnings.length === 0
      ? build.warnings.map(({ name, message }) => reader.unplaced(name, message))
      : reader.locate(texts, sets, build.warnings);
  return { zone: { image: build.image, warnings: [...sets.warnings(), ...warnings], settings, sources } };
}

/** What is wrong with the sets where there is no telling what stands beside them. */
function errorsBesideText(sets: ZoneSets): ConfigProblem[] {
  sets.others.isWhole = false;
  return sets.errors();
}

/** Route 53 has a mailbox of Amazon's there: whoever runs this node is reached in the zone itself (RFC 2142 section 7). */
function apexNames(zone: Name, apex: ApexSource): ApexNames | boolean {
  if (typeof apex === 'string') return apex === 'private';
  const mailbox = Uint8Array.from([...HOSTMASTER, ...zone]);
  return { nameServers: apex, primary: apex[0]!, mailbox: mailbox.length > NAME_OCTETS_MAX ? zone : mailbox };
}

const HOSTMASTER = nameFromText('hostmaster.').subarray(0, -1);
const NAME_OCTETS_MAX = 255;

/**
 * What is wrong with the records of a text that could be read, where others or sets could not. Those may be the SOA
 * and NS, so the apex gets its own where it has none: half a zone must not be blamed for what it lacks.
 */
function faultsOfRest(
  reader: ZoneReader,
  texts: readonly Text[],
  { name }: ZoneEntry,
  sets: ZoneSets,
): ConfigProblem[] {
  const builder = new ZoneBuilder(name, { synthesizeApex: true });
  reader.parse(texts, (rr) => builder.add(rr));
  return reader.locate(texts, sets, builder.finish().errors ?? []);
}

/** True where `next` has nothing but its apex and `old` had more. */
export function isEmptied(old: SharedArrayBuffer, next: SharedArrayBuffer): boolean {
  return Zone.from(old).nodeCount > 1 && Zone.from(next).nodeCount === 1;
}

/** Above this many records the places of mere warnings are not looked up: that is a second reading of the text. */
const LOCATE_RECORDS_MAX = 100_000;

interface Text {
  readonly text: string | Uint8Array;
  /** As problems name it; INLINE for a text in the configuration itself. */
  readonly file: string;
}

/** No file has this name. */
const INLINE = '';

/** Reads the texts of one zone, its file and its lines in the configuration, and the files that are included. */
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

  /** The zone's own texts, or undefined, with errors. */
  open(): Text[] | undefined {
    const { files, folder, file: configFile, problemAt } = this.#entries;
    const { file, records } = this.#zone;
    const inline = typeof records === 'string' ? [{ text: records, file: INLINE }] : [];
    if (file === undefined) return inline;
    try {
      const real = confine(files, folder, pathIn(folder, file));
      this.#folder = dirname(real);
      return [{ text: files.read(real), file: pathIn(dirname(configFile), file) }, ...inline];
    } catch (error) {
      const { message, remedy } = error instanceof SettingError ? error : fileFault(error);
      this.errors.push(problemAt([...this.#path, 'file'], `${file}: ${message}`, remedy));
      return undefined;
    }
  }

  /** Hands each good record to `onRecord` and returns the errors of the texts. */
  parse(texts: readonly Text[], onRecord: (rr: Rr, place: Place) => void): ZoneError[] {
    this.sources = texts.map(({ text, file }) => ({ file, hash: hashOf(text) }));
    return texts.flatMap(({ text, file }) =>
      parseZone(text, {
        origin: this.#zone.name,
        file,
        defaultTtl: Math.floor(this.#zone.ttl / 1000),
        ...(file === INLINE ? {} : { include: (path, from) => this.#include(path, from) }),
        onRecord,
      }),
    );
  }

  /** True if the texts and included files are what they were. */
  isUnchanged(texts: readonly Text[], sources: readonly Source[]): boolean {
    const own = texts.every(({ text, file }, i) => {
      const source = sources[i];
      return source?.file === file && source.hash === hashOf(text);
    });
    if (!own) return false;
    return sources.slice(texts.length).every((source) => {
      const found = this.#readIncluded(source.file);
      return typeof found !== 'string' && hashOf(found) === source.hash;
    });
  }

  /** An error of the text, where it stands. */
  problem({ file, line, column, message }: ZoneError): ConfigProblem {
    if (file !== INLINE) return { file, line, column, path: '', message, remedy: '' };
    return this.#entries.problemInText([...this.#path, 'records'], line, column, message);
  }

  /** A problem of the zone as a whole. */
  unplaced(name: Name, message: string): ConfigProblem {
    const { file } = this.#zone;
    const place = { file: file === undefined ? INLINE : pathIn(dirname(this.#entries.file), file), line: 1 };
    return this.problem({ ...place, column: 1, message: `${nameToText(name)}: ${message}` });
  }

  /** Finds where in sets and texts the names are that a build complains about. */
  locate(texts: readonly Text[], sets: ZoneSets, problems: readonly Problem[]): ConfigProblem[] {
    if (problems.length === 0) return [];
    const wanted = new Map<string, Place | undefined>(problems.map(({ name }) => [nameKey(name), undefined]));
    this.parse(texts, (rr, place) => {
      const key = nameKey(rr.name);
      if (wanted.has(key) && wanted.get(key) === undefined) wanted.set(key, place);
    });
    return problems.map(({ name, message }) => {
      const place = wanted.get(nameKey(name));
      if (place === undefined) return sets.problemAt(name, message) ?? this.unplaced(name, message);
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
