import type { Security } from '../cache/security.ts';
import type { FailureReason, Resolution } from '../resolver/resolution.ts';
import type { TrustStep } from '../resolver/truststep.ts';
import type { Name } from '../wire/name.ts';
import type { Ede, Rrset } from '../wire/record.ts';
import type { Work } from './work.ts';

/**
 * What workers write to each other: questions and answers, many in one buffer of octets. As objects they cost about
 * twice the CPU, most of it for copying their shapes (`node test/bench/handover.ts`). Both sides are this file in one
 * process: what does not fit is a bug and no message.
 *
 *     message   f64 last id that was taken │ u32 how many │ asks │ u32 how many │ answers
 *     ask       f64 id │ name │ u16 type │ f64 context │ f64 spent ms │ work │ u8 flags │ list of tokens
 *     answer    f64 id │ work │ u8 outcome, 0: undecided │ u16 rcode │ u8 source │ u8 security │ rrsets │
 *               soa, glue, proofs: rrsets │ u16 edes, each u16 code, text │ text upstream │ u32 age + 1, or 0 │
 *               text reason │ text chain as JSON
 *     rrset     name │ u16 type │ u32 ttl │ list of rdatas │ list of signatures
 *     lists     u16 count + 1, 0: absent       of rrsets and of octets
 *     octets    u16 length │ …                 names and rdatas
 *     text      u32 length + 1, 0: absent │ UTF-8
 */
export interface Ask {
  readonly id: number;
  readonly name: Name;
  readonly type: number;
  readonly context: number;
  /** Of the client query's budget: milliseconds and work that are used up. */
  readonly spentMs: number;
  readonly spent: Work;
  readonly tokens: readonly Uint8Array[];
  readonly checkingDisabled: boolean;
  readonly wantsChain: boolean;
  /** Answer from the cache only; nothing may be asked of others. */
  readonly peek: boolean;
}

export interface Answer {
  readonly id: number;
  /** Undefined: the owner cannot say. */
  readonly resolution: Resolution | undefined;
  readonly spent: Work;
}

/** All that one worker has for another at the end of a turn. */
export interface PeerMessage {
  /** All questions up to this id have arrived; 0: none yet. */
  readonly taken: number;
  readonly asks: readonly Ask[];
  readonly answers: readonly Answer[];
}

const OUTCOMES = ['answer', 'nodata', 'nxdomain', 'referral', 'failure'] as const;
const SOURCES = ['cache', 'upstream', 'stale', 'failure-cache'] as const;
const SECURITIES = ['unchecked', 'insecure', 'secure'] as const satisfies Security[];
const ASK_FLAG = { checkingDisabled: 1, wantsChain: 2, peek: 4 } as const;

export function encode({ taken, asks, answers }: PeerMessage): Uint8Array {
  packer.f64(taken);
  packer.u32(asks.length);
  for (const ask of asks) writeAsk(packer, ask);
  packer.u32(answers.length);
  for (const answer of answers) writeAnswer(packer, answer);
  return packer.finish();
}

/** What was encoded. Nothing of it keeps `bytes`: names and rdata live on in caches, longer than the batch. */
export function decode(bytes: Uint8Array): PeerMessage {
  const from = new Unpacker(bytes);
  return {
    taken: from.f64(),
    asks: Array.from({ length: from.u32() }, () => readAsk(from)),
    answers: Array.from({ length: from.u32() }, () => readAnswer(from)),
  };
}

function writeAsk(out: Packer, ask: Ask): void {
  out.f64(ask.id);
  out.octets(ask.name);
  out.u16(ask.type);
  out.f64(ask.context);
  out.f64(ask.spentMs);
  writeWork(out, ask.spent);
  out.u8(
    (ask.checkingDisabled ? ASK_FLAG.checkingDisabled : 0) |
      (ask.wantsChain ? ASK_FLAG.wantsChain : 0) |
      (ask.peek ? ASK_FLAG.peek : 0),
  );
  writeList(out, ask.tokens);
}

function readAsk(from: Unpacker): Ask {
  const id = from.f64();
  const name = from.octets() as Name;
  const type = from.u16();
  const context = from.f64();
  const spentMs = from.f64();
  const spent = readWork(from);
  const flags = from.u8();
  return {
    id,
    name,
    type,
    context,
    spentMs,
    spent,
    tokens: readList(from) ?? [],
    checkingDisabled: (flags & ASK_FLAG.checkingDisabled) !== 0,
    wantsChain: (flags & ASK_FLAG.wantsChain) !== 0,
    peek: (flags & ASK_FLAG.peek) !== 0,
  };
}

function writeAnswer(out: Packer, { id, resolution, spent }: Answer): void {
  out.f64(id);
  writeWork(out, spent);
  if (resolution === undefined) {
    out.u8(0);
    return;
  }
  const { outcome, rcode, source, security, rrsets, soa, glue, proofs, ede } = resolution;
  out.u8(1 + OUTCOMES.indexOf(outcome));
  out.u16(rcode);
  out.u8(SOURCES.indexOf(source));
  out.u8(security === undefined ? 0 : 1 + SECURITIES.indexOf(security));
  writeRrsets(out, rrsets);
  writeRrsets(out, soa && [soa]);
  writeRrsets(out, glue);
  writeRrsets(out, proofs);
  out.u16(ede.length);
  for (const { code, text } of ede) {
    out.u16(code);
    out.text(text);
  }
  out.text(resolution.upstream);
  out.u32(resolution.ageSeconds === undefined ? 0 : 1 + Math.floor(resolution.ageSeconds));
  out.text(resolution.reason);
  out.text(resolution.chain && JSON.stringify(resolution.chain));
}

function readAnswer(from: Unpacker): Answer {
  const id = from.f64();
  const spent = readWork(from);
  const outcome = from.u8();
  return { id, spent, resolution: outcome === 0 ? undefined : readResolution(from, OUTCOMES[outcome - 1]!) };
}

function readResolution(from: Unpacker, outcome: Resolution['outcome']): Resolution {
  const rcode = from.u16();
  const source = SOURCES[from.u8()]!;
  const security = SECURITIES[from.u8() - 1];
  const rrsets = readRrsets(from) ?? [];
  const soa = readRrsets(from)?.[0];
  const glue = readRrsets(from);
  const proofs = readRrsets(from);
  const ede: Ede[] = [];
  for (let count = from.u16(); count > 0; count--) ede.push({ code: from.u16(), text: from.text() ?? '' });
  const upstream = from.text();
  const age = from.u32();
  const reason = from.text() as FailureReason | undefined;
  const chain = from.text();
  return {
    outcome,
    rcode,
    rrsets,
    ede,
    source,
    ...(security === undefined ? {} : { security }),
    ...(soa === undefined ? {} : { soa }),
    ...(glue === undefined ? {} : { glue }),
    ...(proofs === undefined ? {} : { proofs }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(age === 0 ? {} : { ageSeconds: age - 1 }),
    ...(reason === undefined ? {} : { reason }),
    ...(chain === undefined ? {} : { chain: JSON.parse(chain) as TrustStep[] }),
  };
}

function writeWork(out: Packer, work: Work): void {
  const { packets, bytes, verifies, failedVerifies, nsec3Blocks } = work;
  for (const part of [packets, bytes, verifies, failedVerifies, nsec3Blocks]) out.u32(part);
}

function readWork(from: Unpacker): Work {
  return {
    packets: from.u32(),
    bytes: from.u32(),
    verifies: from.u32(),
    failedVerifies: from.u32(),
    nsec3Blocks: from.u32(),
  };
}

function writeRrsets(out: Packer, rrsets: readonly Rrset[] | undefined): void {
  if (rrsets === undefined) {
    out.u16(0);
    return;
  }
  out.u16(1 + rrsets.length);
  for (const { name, type, ttl, rdatas, sigs } of rrsets) {
    out.octets(name);
    out.u16(type);
    out.u32(ttl);
    writeList(out, rdatas);
    writeList(out, sigs);
  }
}

function readRrsets(from: Unpacker): Rrset[] | undefined {
  const count = from.u16();
  if (count === 0) return undefined;
  return Array.from({ length: count - 1 }, () => {
    const rrset = {
      name: from.octets() as Name,
      type: from.u16(),
      ttl: from.u32(),
      rdatas: readList(from) ?? [],
    };
    const sigs = readList(from);
    return sigs === undefined ? rrset : { ...rrset, sigs };
  });
}

function writeList(out: Packer, list: readonly Uint8Array[] | undefined): void {
  if (list === undefined) {
    out.u16(0);
    return;
  }
  out.u16(1 + list.length);
  for (const octets of list) out.octets(octets);
}

function readList(from: Unpacker): Uint8Array[] | undefined {
  const count = from.u16();
  return count === 0 ? undefined : Array.from({ length: count - 1 }, () => from.octets());
}

const SCRATCH_OCTETS = 65_536;

/** Where batches are written, one after the other. */
class Packer {
  #buffer = Buffer.allocUnsafeSlow(SCRATCH_OCTETS);
  #at = 0;

  #room(octets: number): number {
    const at = this.#at;
    this.#at += octets;
    if (this.#at > this.#buffer.length) {
      const longer = Buffer.allocUnsafeSlow(2 * this.#at);
      longer.set(this.#buffer.subarray(0, at));
      this.#buffer = longer;
    }
    return at;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#buffer[at] = value;
  }
  u16(value: number): void {
    const at = this.#room(2);
    this.#buffer.writeUInt16BE(value, at);
  }
  u32(value: number): void {
    const at = this.#room(4);
    this.#buffer.writeUInt32BE(value, at);
  }
  f64(value: number): void {
    const at = this.#room(8);
    this.#buffer.writeDoubleBE(value, at);
  }
  octets(octets: Uint8Array): void {
    this.u16(octets.length);
    const at = this.#room(octets.length);
    this.#buffer.set(octets, at);
  }
  text(text: string | undefined): void {
    if (text === undefined) {
      this.u32(0);
      return;
    }
    const octets = Buffer.byteLength(text);
    this.u32(1 + octets);
    const at = this.#room(octets);
    this.#buffer.write(text, at);
  }

  /** A copy of what was written; the next message begins. A long one is not what all later ones need room for. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
    if (this.#buffer.length > SCRATCH_OCTETS) this.#buffer = Buffer.allocUnsafeSlow(SCRATCH_OCTETS);
    return bytes;
  }
}

const packer = new Packer();

class Unpacker {
  readonly #bytes: Buffer;
  #at = 0;

  constructor({ buffer, byteOffset, length }: Uint8Array) {
    this.#bytes = Buffer.from(buffer, byteOffset, length);
  }

  #next(octets: number): number {
    const at = this.#at;
    this.#at += octets;
    return at;
  }

  u8(): number {
    return this.#bytes[this.#next(1)]!;
  }
  u16(): number {
    return this.#bytes.readUInt16BE(this.#next(2));
  }
  u32(): number {
    return this.#bytes.readUInt32BE(this.#next(4));
  }
  f64(): number {
    return this.#bytes.readDoubleBE(this.#next(8));
  }
  octets(): Uint8Array {
    const length = this.u16();
    const { buffer, byteOffset } = this.#bytes;
    return new Uint8Array(buffer, byteOffset + this.#next(length), length).slice();
  }
  text(): string | undefined {
    const length = this.u32();
    if (length === 0) return undefined;
    const at = this.#next(length - 1);
    return this.#bytes.toString('utf8', at, at + length - 1);
  }
}
