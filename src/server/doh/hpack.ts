import { decodeHuffman } from './huffman.ts';

/** What both sides begin with (RFC 9113 section 6.5.2); ours stays at it. */
export const TABLE_OCTETS = 4096;
/** What an entry counts for beside its octets (RFC 7541 section 4.1). */
const ENTRY_OCTETS = 32;
/** The most entries that a table of that size may have. */
const ENTRIES_MAX = TABLE_OCTETS / ENTRY_OCTETS;
/** Of an integer, behind its prefix: four have 28 bits, and nothing here is that long. */
const INTEGER_OCTETS_MAX = 4;
/** Of a header block, which texts may be 8/5 of, as words have five bits and more. */
export const BLOCK_OCTETS_MAX = 16 * 1024;

/** What a field is to a request; all that is no part of it is `other`. */
type Role =
  | 'method'
  | 'scheme'
  | 'authority'
  | 'path'
  | 'content-type'
  | 'content-length'
  | 'te'
  | 'other'
  /** Of a name that no request may have. */
  | 'wrong';

/** Names that no request by HTTP/2 may have are of connections (RFC 9113 section 8.2.2). */
const ROLES = new Map<string, Role>([
  [':method', 'method'],
  [':scheme', 'scheme'],
  [':authority', 'authority'],
  [':path', 'path'],
  ['content-type', 'content-type'],
  ['content-length', 'content-length'],
  ['te', 'te'],
  ['connection', 'wrong'],
  ['keep-alive', 'wrong'],
  ['proxy-connection', 'wrong'],
  ['transfer-encoding', 'wrong'],
  ['upgrade', 'wrong'],
]);

/** A token of RFC 9110 section 5.6.2, in small letters (RFC 9113 section 8.2.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** NUL, LF and CR, and white space at either end (RFC 9113 section 8.2.1). */
const NO_VALUE = /[\0\n\r]|^[ \t]|[ \t]$/;

interface Field {
  readonly name: string;
  readonly value: string;
  readonly role: Role;
  /** Whatever its value is. */
  readonly nameRole: Role;
  /** As RFC 7541 section 4.1 counts. */
  readonly size: number;
}

/**
 * What of a request's header section counts for DNS over HTTPS, kept while it is decoded. One object serves for one request
 * after the other.
 *
 *     ok           so far it may be a request
 *     malformed    it is none (RFC 9113 section 8.1.1): a stream error
 *     oversized    more than is read of anybody
 */
export class RequestFields {
  state: 'ok' | 'malformed' | 'oversized' = 'ok';
  method = '';
  path = '';
  contentType: string | undefined;
  contentLength: string | undefined;
  #scheme = '';
  #hasAuthority = false;
  /** Fields of requests stand in front of others. */
  #pseudo: 'may follow' | 'over' = 'may follow';
  #pairs = 0;
  #octets = 0;
  readonly #pairsMax: number;
  readonly #octetsMax: number;

  /** Octets are counted as RFC 9113 section 10.5.1 does. */
  constructor(pairsMax: number, octetsMax: number) {
    this.#pairsMax = pairsMax;
    this.#octetsMax = octetsMax;
  }

  reset(): void {
    this.state = 'ok';
    this.method = this.path = this.#scheme = '';
    this.contentType = this.contentLength = undefined;
    this.#hasAuthority = false;
    this.#pseudo = 'may follow';
    this.#pairs = this.#octets = 0;
  }

  add({ name, value, role, size }: Field): void {
    this.#octets += size;
    if (++this.#pairs > this.#pairsMax || this.#octets > this.#octetsMax) this.state = 'oversized';
    if (this.state !== 'ok') return;
    if (!this.#take(role, value, name)) this.state = 'malformed';
  }

  #take(role: Role, value: string, name: string): boolean {
    switch (role) {
      case 'method':
        if (!this.#isFirst(this.method)) return false;
        this.method = value;
        return value !== '';
      case 'scheme':
        if (!this.#isFirst(this.#scheme)) return false;
        this.#scheme = value;
        return value !== '';
      case 'path':
        if (!this.#isFirst(this.path)) return false;
        this.path = value;
        return value !== '';
      case 'authority':
        if (!this.#isFirst(this.#hasAuthority ? ':' : '')) return false;
        this.#hasAuthority = true;
        return true;
      case 'wrong':
        return false;
      default:
        this.#pseudo = 'over';
        return this.#takeRegular(role, value, name);
    }
  }

  #isFirst(before: string): boolean {
    return this.#pseudo === 'may follow' && before === '';
  }

  #takeRegular(role: Role, value: string, name: string): boolean {
    if (role === 'content-type') this.contentType ??= value;
    else if (role === 'content-length') {
      if (!/^\d{1,15}$/.test(value) || (this.contentLength ?? value) !== value) return false;
      this.contentLength = value;
    } else if (role === 'te') return value === 'trailers';
    return name !== '';
  }

  /** To be called when all fields are there. */
  end(): void {
    if (this.state !== 'ok') return;
    // RFC 9113 section 8.3.1; CONNECT has its own form (section 8.5), and is refused as a method.
    const isWhole = this.method === 'CONNECT' || (this.#scheme !== '' && this.path !== '');
    if (this.method === '' || !isWhole) this.state = 'malformed';
  }
}

/** The block cannot be read: the two sides do not have the same table any more, which ends the connection. */
export class CompressionError extends Error {}

/**
 * The table of one connection, and what it says of requests (RFC 7541).
 *
 *     1xxxxxxx    an entry        01xxxxxx    a field, which becomes an entry
 *     001xxxxx    the table's size            000xxxxx    a field
 */
export class HeaderDecoder {
  /** A ring: the newest at `#next - 1`. */
  readonly #entries: Field[] = [];
  #next = 0;
  #count = 0;
  #octets = 0;
  #octetsMax = TABLE_OCTETS;
  #block: Buffer = text;
  #at = 0;
  #end = 0;

  /** Entries that there are, for tests. */
  get size(): number {
    return this.#count;
  }

  /** Tells `fields` of all that is in a whole header block of at most BLOCK_OCTETS_MAX. Throws CompressionError. */
  decode(block: Buffer, at: number, end: number, fields: RequestFields): void {
    this.#block = block;
    this.#at = at;
    this.#end = end;
    let hasFields = false;
    while (this.#at < end) {
      const first = block[this.#at]!;
      if ((first & 0xe0) === 0x20) {
        // RFC 7541 section 4.2: in front of the fields.
        if (hasFields) throw new CompressionError('a size behind fields');
        this.#resize(this.#integer(0x1f));
        continue;
      }
      hasFields = true;
      fields.add((first & 0x80) !== 0 ? this.#entry(this.#integer(0x7f)) : this.#literal(first));
    }
    fields.end();
  }

  #literal(first: number): Field {
    const isKept = (first & 0x40) !== 0;
    const index = this.#integer(isKept ? 0x3f : 0x0f);
    const field =
      index === 0 ? fieldOf(this.#text(), this.#text()) : sameName(this.#entry(index), this.#text());
    if (isKept) this.#insert(field);
    return field;
  }

  #entry(index: number): Field {
    const own = index - STATIC.length - 1;
    const field =
      own < 0
        ? STATIC[index - 1]
        : own < this.#count
          ? this.#entries[(this.#next + ENTRIES_MAX - 1 - own) % ENTRIES_MAX]
          : undefined;
    if (field === undefined) throw new CompressionError(`no entry ${index}`);
    return field;
  }

  #insert(field: Field): void {
    // One that is too large for the table empties it (RFC 7541 section 4.4).
    this.#shrinkTo(this.#octetsMax - field.size);
    if (field.size > this.#octetsMax) return;
    this.#entries[this.#next] = field;
    this.#next = (this.#next + 1) % ENTRIES_MAX;
    this.#count++;
    this.#octets += field.size;
  }

  #resize(octetsMax: number): void {
    if (octetsMax > TABLE_OCTETS) throw new CompressionError('a table that is too large');
    this.#octetsMax = octetsMax;
    this.#shrinkTo(octetsMax);
  }

  #shrinkTo(octets: number): void {
    while (this.#count > 0 && this.#octets > octets) {
      const oldest = (this.#next + ENTRIES_MAX - this.#count) % ENTRIES_MAX;
      this.#octets -= this.#entries[oldest]!.size;
      this.#entries[oldest] = NONE;
      this.#count--;
    }
  }

  /** RFC 7541 section 5.1. @param mask of the prefix, which is in the next octet */
  #integer(mask: number): number {
    let value = this.#octet() & mask;
    if (value < mask) return value;
    for (let i = 0; i < INTEGER_OCTETS_MAX; i++) {
      const octet = this.#octet();
      value += (octet & 0x7f) << (7 * i);
      if ((octet & 0x80) === 0) return value;
    }
    throw new CompressionError('a number that is too large');
  }

  #octet(): number {
    if (this.#at >= this.#end) throw new CompressionError('a block that is cut off');
    return this.#block[this.#at++]!;
  }

  /** RFC 7541 section 5.2. Octets are characters. */
  #text(): string {
    const isCoded = this.#at < this.#end && (this.#block[this.#at]! & 0x80) !== 0;
    const length = this.#integer(0x7f);
    const at = this.#at;
    const end = at + length;
    if (end > this.#end) throw new CompressionError('a text that is cut off');
    this.#at = end;
    if (!isCoded) return this.#block.toString('latin1', at, end);
    const octets = decodeHuffman(this.#block, at, end, text, 0);
    if (octets < 0) throw new CompressionError('no text in this code');
    return text.toString('latin1', 0, octets);
  }
}

/** What a text is decoded into. */
const text = Buffer.allocUnsafeSlow(2 * BLOCK_OCTETS_MAX);

function fieldOf(name: string, value: string): Field {
  const nameRole = ROLES.get(name) ?? (TOKEN.test(name) ? 'other' : 'wrong');
  return fieldWith(name, nameRole, value);
}

/** A long name in the table costs nothing each time that it is used. */
function sameName({ name, nameRole }: Field, value: string): Field {
  return fieldWith(name, nameRole, value);
}

function fieldWith(name: string, nameRole: Role, value: string): Field {
  const role = NO_VALUE.test(value) ? 'wrong' : nameRole;
  return { name, value, role, nameRole, size: name.length + value.length + ENTRY_OCTETS };
}

/** RFC 7541 appendix A, from 1 on. */
const STATIC: readonly Field[] = [
  [':authority'],
  [':method', 'GET', 'POST'],
  [':path', '/', '/index.html'],
  [':scheme', 'http', 'https'],
  [':status', '200', '204', '206', '304', '400', '404', '500'],
  ['accept-charset'],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language'],
  ['accept-ranges'],
  ['accept'],
  ['access-control-allow-origin'],
  ['age'],
  ['allow'],
  ['authorization'],
  ['cache-control'],
  ['content-disposition'],
  ['content-encoding'],
  ['content-language'],
  ['content-length'],
  ['content-location'],
  ['content-range'],
  ['content-type'],
  ['cookie'],
  ['date'],
  ['etag'],
  ['expect'],
  ['expires'],
  ['from'],
  ['host'],
  ['if-match'],
  ['if-modified-since'],
  ['if-none-match'],
  ['if-range'],
  ['if-unmodified-since'],
  ['last-modified'],
  ['link'],
  ['location'],
  ['max-forwards'],
  ['proxy-authenticate'],
  ['proxy-authorization'],
  ['range'],
  ['referer'],
  ['refresh'],
  ['retry-after'],
  ['server'],
  ['set-cookie'],
  ['strict-transport-security'],
  ['transfer-encoding'],
  ['user-agent'],
  ['vary'],
  ['via'],
  ['www-authenticate'],
].flatMap(([name, ...values]) => (values.length === 0 ? [''] : values).map((value) => fieldOf(name!, value)));

const NONE = fieldOf('', '');
/** Names in the static table that responses have. */
export const STATUS_200 = 8;
export const NAME = {
  status: 8,
  allow: 22,
  'cache-control': 24,
  'content-length': 28,
  'content-type': 31,
  date: 33,
} as const;
