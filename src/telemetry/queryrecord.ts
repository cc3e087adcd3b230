import type { RingReader, RingWriter } from '../util/ring.ts';

/**
 * An answered query on its way from a worker to the log: one message of a ring (util/ring).
 *
 *     word 0  revision of the logs (view/querylog)        5   draw
 *          1  seconds since 1970                          6   transport u8 │ from u8 │ octets of the address u16
 *          2  milliseconds of them u16 │ port u16         7…10  address
 *          3  view u16 │ endpoint u16                     11  octets of the query u16 │ milliseconds that it took u16
 *          4  rcode u16 │ firewall rule u16               12…  the query, where a log wants it, and the reply
 */
export interface QueryRecord {
  /** Of the logs by which view, endpoint and firewall rule are to be understood. */
  readonly revision: number;
  /** Milliseconds since 1970 when it was answered. */
  readonly wall: number;
  readonly view: number;
  readonly endpoint: number;
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  readonly port: number;
  readonly transport: ClientTransport;
  readonly from: AnsweredFrom;
  readonly rcode: number;
  /** Index of the firewall rule that matched, or NO_FIREWALL_RULE. */
  readonly firewallRule: number;
  /** A random number in 0..2^32-1: logs of a sample take what is below a bound. */
  readonly draw: number;
  /** Milliseconds from the query to the reply. */
  readonly elapsed: number;
  /** The query as it came, or empty. */
  readonly query: Uint8Array;
  /** The reply as it was sent. */
  readonly message: Uint8Array;
}

/** How a query came. `dot`: DNS over TLS, `doh`: over HTTPS. */
export type ClientTransport = 'udp' | 'tcp' | 'dot' | 'doh';

/** `cache`: what some earlier query had made known. */
export type AnsweredFrom = 'cache' | 'lookup';

/** Who asked, and where. */
export interface Sender {
  readonly address: Uint8Array;
  readonly port: number;
  readonly transport: ClientTransport;
  readonly endpoint: number;
}

export const NO_FIREWALL_RULE = 0xffff;

const HEAD_WORDS = 12;
const HEAD_OCTETS = 4 * HEAD_WORDS;
const ADDRESS_AT = 28;
const U16_MAX = 0xffff;

/**
 * Writes a record; false where the ring is full. Allocates nothing.
 *
 * @param query the first `queryLength` octets of it
 * @param elapsed milliseconds
 */
export function writeQueryRecord(
  ring: RingWriter,
  revision: number,
  wall: number,
  view: number,
  sender: Sender,
  from: AnsweredFrom,
  rcode: number,
  firewallRule: number,
  draw: number,
  elapsed: number,
  query: Uint8Array,
  queryLength: number,
  message: Uint8Array,
): boolean {
  const at = ring.reserve(HEAD_OCTETS + queryLength + message.length);
  if (at < 0) return false;
  const { words, octets } = ring;
  const { address } = sender;
  const word = at >>> 2;
  const seconds = Math.floor(wall / 1000);
  words[word] = revision;
  words[word + 1] = seconds;
  words[word + 2] = ((wall - seconds * 1000) << 16) | sender.port;
  words[word + 3] = (view << 16) | sender.endpoint;
  words[word + 4] = (rcode << 16) | firewallRule;
  words[word + 5] = draw;
  words[word + 6] =
    (TRANSPORTS.indexOf(sender.transport) << TRANSPORT_SHIFT) |
    (from === 'cache' ? FROM_CACHE : 0) |
    address.length;
  for (let i = 0; i < address.length; i++) octets[at + ADDRESS_AT + i] = address[i]!;
  words[word + 11] = (queryLength << 16) | Math.min(Math.max(elapsed, 0), U16_MAX);
  for (let i = 0; i < queryLength; i++) octets[at + HEAD_OCTETS + i] = query[i]!;
  octets.set(message, at + HEAD_OCTETS + queryLength);
  ring.commit();
  return true;
}

/**
 * Writes spans of a trace as text: a record of which word 0 and the flags count, and what stands behind the head. False
 * where the ring is full.
 */
export function writeTraceRecord(ring: RingWriter, revision: number, spans: Uint8Array): boolean {
  const at = ring.reserve(HEAD_OCTETS + spans.length);
  if (at < 0) return false;
  ring.words[at >>> 2] = revision;
  ring.words[(at >>> 2) + 6] = OF_TRACE;
  ring.octets.set(spans, at + HEAD_OCTETS);
  ring.commit();
  return true;
}

/** By their number in a record. */
const TRANSPORTS: readonly ClientTransport[] = ['udp', 'tcp', 'dot', 'doh'];
const TRANSPORT_SHIFT = 24;
const FROM_CACHE = 1 << 16;
const OF_TRACE = 1 << 17;

/** The revision of the record that the ring has found. */
export function revisionOfRecord({ words, at }: RingReader): number {
  return words[at >>> 2]!;
}

/** The spans that the ring has found, a copy; undefined where it is a query. */
export function readTraceRecord({ words, octets, at, length }: RingReader): Uint8Array | undefined {
  if ((words[(at >>> 2) + 6]! & OF_TRACE) === 0) return undefined;
  return octets.slice(at + HEAD_OCTETS, at + length);
}

/** The record of a query that the ring has found, a copy. */
export function readQueryRecord({ words, octets, at, length }: RingReader): QueryRecord {
  const word = at >>> 2;
  const [time, where, verdict] = [words[word + 2]!, words[word + 3]!, words[word + 4]!];
  const flags = words[word + 6]!;
  const address = at + ADDRESS_AT;
  const query = at + HEAD_OCTETS;
  const message = query + (words[word + 11]! >>> 16);
  return {
    revision: words[word]!,
    wall: words[word + 1]! * 1000 + (time >>> 16),
    view: where >>> 16,
    endpoint: where & 0xffff,
    address: octets.slice(address, address + (flags & 0xffff)),
    port: time & 0xffff,
    transport: TRANSPORTS[flags >>> TRANSPORT_SHIFT]!,
    from: (flags & FROM_CACHE) === 0 ? 'lookup' : 'cache',
    rcode: verdict >>> 16,
    firewallRule: verdict & 0xffff,
    draw: words[word + 5]!,
    elapsed: words[word + 11]! & U16_MAX,
    query: octets.slice(query, message),
    message: octets.slice(message, at + length),
  };
}
