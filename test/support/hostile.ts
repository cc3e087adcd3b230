/** Name servers that misbehave: each puts itself around an honest one. */

import type { Prng } from '../../src/util/prng.ts';
import { FLAG, RCODE, TYPE } from '../../src/wire/constants.ts';
import { fold } from '../../src/wire/name.ts';
import type { Rr } from '../../src/wire/record.ts';
import { recordsFromText } from './authority-zone.ts';
import { encodePacket, packetFor, setRcode } from './packet.ts';
import type { Behaviour, SimQuery } from './simnet.ts';

export type Wrap = (honest: Behaviour) => Behaviour;

/** Each reply that the honest server sends becomes none, one or more. */
export function replies(change: (reply: Uint8Array, query: SimQuery) => readonly Uint8Array[]): Wrap {
  return (honest) => (query) =>
    honest({
      ...query,
      reply: (bytes, ms) => {
        for (const each of change(bytes.slice(), query)) query.reply(each, ms);
      },
    });
}

export const silent: Wrap = () => () => undefined;

/** Nothing but an rcode. */
export function only(rcode: keyof typeof RCODE, edns = true): Wrap {
  return () => (query) => {
    const packet = packetFor(query.message);
    if (edns && query.message.edns !== undefined)
      packet.edns = { payload: 1232, version: 0, dnssecOk: query.message.edns.dnssecOk, options: [] };
    setRcode(packet, RCODE[rcode]);
    query.reply(encodePacket(packet));
  };
}

/** Does not have the zone and says nothing of it: NOERROR, no records, not authoritative. */
export const empty: Wrap = () => (query) => query.reply(encodePacket(packetFor(query.message)));

/** Does not have the zone and points to the root, as old servers did. */
export const upward: Wrap = () => (query) => {
  const packet = packetFor(query.message);
  packet.authority = records('. 3600 NS a.root-servers.');
  query.reply(encodePacket(packet));
};

/** Too old for EDNS: FORMERR without OPT. */
export const formerrOnEdns: Wrap = (honest) => (query) =>
  query.message.edns === undefined ? honest(query) : only('FORMERR', false)(honest)(query);

/** Something on the way swallows what has an OPT record. */
export const dropEdns: Wrap = (honest) => (query) => {
  if (query.message.edns === undefined) honest(query);
};

/** Datagrams are never enough for it. */
export const alwaysTruncated: Wrap = (honest) => (query) => {
  if (query.protocol === 'tcp') return honest(query);
  const packet = packetFor(query.message);
  packet.flags |= FLAG.TC | FLAG.AA;
  query.reply(encodePacket(packet));
};

/** Truncated by TCP as well. */
export const truncatedForever: Wrap = () => (query) => {
  const packet = packetFor(query.message);
  packet.flags |= FLAG.TC | FLAG.AA;
  query.reply(encodePacket(packet));
};

export const noTcp: Wrap = (honest) => (query) => {
  if (query.protocol === 'udp') honest(query);
};

const isUdp = (query: SimQuery): boolean => query.protocol === 'udp';

/** By UDP the ID is never right. */
export const wrongId: Wrap = replies((reply, query) => {
  if (isUdp(query)) reply[1]! ^= 1;
  return [reply];
});

/** By UDP the question comes back in lower case, as from a server that normalises it. */
export const lowerCased: Wrap = replies((reply, query) => {
  if (isUdp(query)) reply.set(fold(query.message.question!.name), 12);
  return [reply];
});

/** Whatever cannot be a reply, and then the reply. */
export const garbageFirst: Wrap = replies((reply, query) => {
  if (!isUdp(query)) return [reply];
  const change = (fn: (bytes: Uint8Array) => void): Uint8Array => {
    const copy = reply.slice();
    fn(copy);
    return copy;
  };
  return [
    new Uint8Array(0),
    new Uint8Array(5),
    change((bytes) => (bytes[2]! &= 0x7f)),
    change((bytes) => (bytes[2]! |= 0x28)),
    change((bytes) => (bytes[5] = 0)),
    change((bytes) => (bytes[13]! ^= 2)),
    reply,
  ];
});

/** Not authoritative for what it has, as a misconfigured secondary. */
export const notAuthoritative: Wrap = replies((reply) => {
  reply[2]! &= ~0x04;
  return [reply];
});

/** Damages some of what the server says, in any way: octets, length, number of copies, time. */
export function mutator(prng: Prng, share = 0.5): Wrap {
  return (honest) => (query) => {
    honest({
      ...query,
      reply: (bytes, ms = 0) => {
        for (let copies = prng.below(8) === 0 ? 2 + prng.below(3) : 1; copies > 0; copies--)
          query.reply(
            prng.below(1000) < share * 1000 ? damaged(bytes, prng) : bytes,
            ms + prng.below(3) * 50,
          );
      },
    });
  };
}

function damaged(bytes: Uint8Array, prng: Prng): Uint8Array {
  const copy = bytes.slice();
  switch (prng.below(6)) {
    case 0:
      return copy.subarray(0, prng.below(copy.length + 1));
    case 1:
      return Uint8Array.from([...copy, ...prng.fill(new Uint8Array(1 + prng.below(20)))]);
    case 2:
      // Flags and rcode.
      copy[2 + prng.below(2)] = prng.u32();
      return copy;
    case 3:
      // Counts.
      copy[5 + 2 * prng.below(4)] = prng.below(6);
      return copy;
    default:
      for (let flips = 1 + prng.below(6); flips > 0; flips--)
        copy[12 + prng.below(Math.max(1, copy.length - 12))] = prng.u32();
      return copy;
  }
}

/** Records in presentation format, names absolute. */
export function records(...lines: readonly string[]): Rr[] {
  return recordsFromText(new Uint8Array([0]), `${lines.join('\n')}\n`);
}

/** `count` name servers named `x<i>.<below>` for `cut`, without an address: an NXNSAttack referral. */
export function gluelessReferral(cut: string, count: number, below: string): Rr[] {
  return Array.from({ length: count }, (_, i) => records(`${cut} 3600 NS x${i}.${below}`)[0]!);
}

export function isSignature(rr: Rr): boolean {
  return rr.type === TYPE.RRSIG;
}
