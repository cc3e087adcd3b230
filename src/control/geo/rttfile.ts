import { AddressError, type Cidr, cidrToText, parseCidr } from '../../util/cidr.ts';
import { isCountry } from '../../zone/geo/places.ts';
import { regionKey } from '../../zone/geo/regions.ts';
import { buildRtt, type RttData, type RttEntry } from '../../zone/geo/rtt.ts';
import { placeCode } from '../../zone/geo/whereabouts.ts';

/** Errors told of one file; the rest is likely of the same kind. */
export const RTT_ERRORS_MAX = 20;
/** A way around the earth and back takes less. */
const MS_MAX = 10_000;
const SYNTAX = 'write a block or a country, a region and milliseconds: 203.0.113.0/24 eu-central-1 12.5';

export type CompiledRtt =
  | { readonly rtt: RttData; readonly errors?: undefined }
  /** `line: message; remedy` */
  | { readonly rtt?: undefined; readonly errors: readonly string[] };

/**
 * Compiles a text of measured round-trip times: a line has a block of addresses or the code of a country, the name of
 * a region and milliseconds; `#` begins a comment. All errors are told at once, up to RTT_ERRORS_MAX.
 */
export function compileRtt(text: string): CompiledRtt {
  const reader = new RttReader();
  let at = 0;
  for (let line = 1; at <= text.length && reader.errors.length < RTT_ERRORS_MAX; line++) {
    const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
    reader.read(text.slice(at, end), line);
    at = end + 1;
  }
  if (reader.errors.length > 0) return { errors: reader.errors };
  try {
    return { rtt: buildRtt(reader.entries) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { errors: [error.message] };
  }
}

class RttReader {
  readonly entries: RttEntry[] = [];
  readonly errors: string[] = [];
  /** The line of each pair. */
  readonly #lines = new Map<string, number>();
  /** The name of each key: two that hash alike would share their times. */
  readonly #names = new Map<number, string>();

  read(input: string, line: number): void {
    const words = input.split('#', 1)[0]!.trim().split(/\s+/);
    if (words[0] === '') return;
    const fault = this.#entry(words, line);
    if (fault !== undefined) this.errors.push(`${line}: ${fault}`);
  }

  /** What is wrong with the line. */
  #entry(words: readonly string[], line: number): string | undefined {
    const [source, name, time] = words;
    if (words.length !== 3) return `${words.length} words; ${SYNTAX}`;
    const from = fromOf(source!);
    if (typeof from === 'string') return from;
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name!)) return `"${name}" is not a region; ${SYNTAX}`;
    const ms = /^[0-9]{1,5}(\.[0-9]{1,6})?$/.test(time!) ? Number(time) : Number.NaN;
    if (!(ms <= MS_MAX)) return `"${time}" is not a time; write milliseconds from 0 to ${MS_MAX}`;
    return this.#repeated(from, name!, line) ?? this.#add({ from, region: regionKey(name!), ms }, name!);
  }

  #repeated(from: RttEntry['from'], name: string, line: number): string | undefined {
    const pair = `${typeof from === 'number' ? from : cidrToText(from)} ${name}`;
    const first = this.#lines.get(pair);
    if (first !== undefined) return `the same block and region as in line ${first}; leave one out`;
    this.#lines.set(pair, line);
    return undefined;
  }

  #add(entry: RttEntry, name: string): string | undefined {
    const other = this.#names.get(entry.region) ?? name;
    if (other !== name) return `"${name}" and "${other}" have the same key; call one of them otherwise`;
    this.#names.set(entry.region, name);
    this.entries.push(entry);
    return undefined;
  }
}

/** Where clients are; a text: what is wrong with it. */
function fromOf(source: string): Cidr | number | string {
  if (/^[A-Za-z]{2}$/.test(source)) {
    if (isCountry(source)) return placeCode(source);
    return `"${source}" is not a country; write two capital letters of ISO 3166-1 such as DE`;
  }
  try {
    return parseCidr(source);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    return `${error.message}; ${error.remedy}`;
  }
}
