/**
 * What a liar on the way, or a server without the keys, makes of honest replies of a signed zone, one kind each: with
 * records that the zone signed for something else, or without some. Nothing here depends on who asks, or when.
 */
import { CLASS, FLAG, RCODE, TYPE } from '../../../src/wire/constants.ts';
import {
  isAtOrBelow,
  type Name,
  nameEquals,
  nameFromText,
  parentOf,
  prepend,
} from '../../../src/wire/name.ts';
import type { Rr, Rrset } from '../../../src/wire/record.ts';
import type { AuthorityZone } from '../authority-zone.ts';
import { type Packet, rcodeOf, recordsFrom, setRcode } from '../packet.ts';

export interface Lie {
  readonly zone: AuthorityZone;
  readonly name: Name;
  readonly type: number;
  /** Records of a sound zone elsewhere, with which to confuse. */
  readonly stranger: AuthorityZone;
}

/** Changes the packet, or replaces it. Undefined: silence. */
export type Forgery = (packet: Packet, lie: Lie) => void;

const covered = (rr: Rr): number => (rr.type === TYPE.RRSIG ? (rr.rdata[0]! << 8) | rr.rdata[1]! : rr.type);
const isProof = (rr: Rr): boolean => covered(rr) === TYPE.NSEC || covered(rr) === TYPE.NSEC3;
const isSig = (rr: Rr): boolean => rr.type === TYPE.RRSIG;
const plainOf = (rrs: readonly Rr[]): Rr[] => rrs.filter((rr) => !isSig(rr));
const meansKeys = ({ type }: Lie): boolean => type === TYPE.DNSKEY;
const isNegative = (packet: Packet): boolean => packet.answer.length === 0 && (packet.flags & FLAG.AA) !== 0;
const isReferral = (packet: Packet): boolean => (packet.flags & FLAG.AA) === 0 && packet.answer.length === 0;

/** Data is lied about; keys are given honestly, for else there would be nothing to see. */
const ofData =
  (change: Forgery): Forgery =>
  (packet, lie) => {
    if (!meansKeys(lie)) change(packet, lie);
  };
const ofAnswers = (change: Forgery): Forgery =>
  ofData((packet, lie) => {
    if (packet.answer.length > 0) change(packet, lie);
  });
const ofDenials = (change: Forgery): Forgery =>
  ofData((packet, lie) => {
    if (isNegative(packet)) change(packet, lie);
  });

function unsigned(name: Name, type: number, rdata: Uint8Array): Rr {
  return { name, type, class: CLASS.IN, ttl: 300, rdata };
}
const SIX = Uint8Array.of(192, 0, 2, 66);

function proofs(zone: AuthorityZone): Rrset[] {
  const all = new Map<string, Rrset>();
  for (const rr of zone.records)
    if (rr.type === TYPE.NSEC || rr.type === TYPE.NSEC3) {
      const sigs = zone.records.filter(
        (each) => isSig(each) && covered(each) === rr.type && nameEquals(each.name, rr.name),
      );
      all.set(`${rr.name}`, {
        name: rr.name,
        type: rr.type,
        ttl: rr.ttl,
        rdatas: [rr.rdata],
        sigs: sigs.map((sig) => sig.rdata),
      });
    }
  return [...all.values()];
}

function withProofs(packet: Packet, by: readonly Rrset[]): void {
  packet.authority = [
    ...packet.authority.filter((rr) => !isProof(rr)),
    ...by.flatMap((rrset) => recordsFrom(rrset, true)),
  ];
}

function deny(packet: Packet, { zone }: Lie, rcode: number, by: readonly Rrset[]): void {
  packet.answer = [];
  packet.flags |= FLAG.AA;
  setRcode(packet, rcode);
  packet.authority = zone.soa === undefined ? [] : recordsFrom(zone.soa, true);
  withProofs(packet, by);
}

/** The zone's wildcard of that type, as if it stood for the name. */
function fromWildcard(packet: Packet, { zone, name, type }: Lie, by: readonly Rrset[]): void {
  const wildcard = wildcardOf(zone, type);
  if (wildcard === undefined || nameEquals(name, zone.origin)) return;
  setRcode(packet, RCODE.NOERROR);
  packet.flags |= FLAG.AA;
  packet.answer = recordsFrom(wildcard, true, name);
  packet.authority = [];
  withProofs(packet, by);
}

function wildcardOf(zone: AuthorityZone, type: number): Rrset | undefined {
  for (const rr of zone.records)
    if (rr.name[0] === 1 && rr.name[1] === 0x2a && rr.type === type) return zone.node(rr.name)?.get(type);
  return undefined;
}

export const FORGERIES: Readonly<Record<string, Forgery>> = {
  'reply: denials without proof': ofDenials((packet) => withProofs(packet, [])),
  'reply: denials without one of the proofs': ofDenials((packet) => {
    const first = packet.authority.find(isProof)?.name;
    packet.authority = packet.authority.filter((rr) => !isProof(rr) || !nameEquals(rr.name, first!));
  }),
  'reply: denials without the last of the proofs': ofDenials((packet) => {
    const last = packet.authority.findLast(isProof)?.name;
    packet.authority = packet.authority.filter((rr) => !isProof(rr) || !nameEquals(rr.name, last!));
  }),
  'reply: denials with unsigned proof': ofDenials((packet) => {
    packet.authority = packet.authority.filter((rr) => !(isSig(rr) && isProof(rr)));
  }),
  'reply: denials with another’s proof': ofDenials((packet, { zone }) =>
    withProofs(packet, proofs(zone).slice(0, 1)),
  ),
  'reply: denials with proof at another name': ofDenials((packet, { name }) => {
    packet.authority = packet.authority.map((rr) => (isProof(rr) ? { ...rr, name } : rr));
  }),
  'reply: denials with all proofs of the zone': ofDenials((packet, { zone }) =>
    withProofs(packet, proofs(zone)),
  ),
  'reply: denials with proofs of another zone': ofDenials((packet, { stranger }) =>
    withProofs(packet, proofs(stranger).slice(0, 3)),
  ),
  'reply: denials without SOA': ofDenials((packet) => {
    packet.authority = packet.authority.filter((rr) => covered(rr) !== TYPE.SOA);
  }),
  'reply: denials with an unsigned SOA': ofDenials((packet) => {
    packet.authority = packet.authority.filter((rr) => !(isSig(rr) && covered(rr) === TYPE.SOA));
  }),
  'reply: denials with nothing': ofDenials((packet) => {
    packet.authority = [];
  }),
  'reply: denials with unsigned everything': ofDenials((packet) => {
    packet.authority = plainOf(packet.authority).filter((rr) => !isProof(rr));
  }),
  'reply: NODATA is told as NXDOMAIN': ofDenials((packet) => setRcode(packet, RCODE.NXDOMAIN)),
  'reply: NXDOMAIN is told as NODATA': ofDenials((packet) => setRcode(packet, RCODE.NOERROR)),
  'reply: NXDOMAIN beside answers': ofAnswers((packet) => setRcode(packet, RCODE.NXDOMAIN)),
  'reply: data denied by the name’s own record': ofAnswers((packet, lie) =>
    deny(packet, lie, RCODE.NOERROR, lie.zone.denial.noData(lie.name)),
  ),
  'reply: data denied by other proofs': ofAnswers((packet, lie) =>
    deny(packet, lie, RCODE.NXDOMAIN, proofs(lie.zone).slice(0, 3)),
  ),
  'reply: data denied by all proofs': ofAnswers((packet, lie) =>
    deny(packet, lie, RCODE.NXDOMAIN, proofs(lie.zone)),
  ),
  'reply: data denied with no proof': ofAnswers((packet, lie) => deny(packet, lie, RCODE.NXDOMAIN, [])),
  'reply: data denied by a sibling': ofAnswers((packet, lie) => {
    const sibling = prepend(Uint8Array.of(0x7a, 0x7a), parentOf(lie.name))!;
    if (!nameEquals(lie.name, lie.zone.origin))
      deny(packet, lie, RCODE.NXDOMAIN, lie.zone.denial.nameError(sibling));
  }),
  'reply: data denied by its parent zone': ofAnswers((packet, lie) =>
    deny(packet, lie, RCODE.NXDOMAIN, proofs(lie.stranger)),
  ),
  'reply: answers without signatures': ofAnswers((packet) => {
    packet.answer = plainOf(packet.answer);
  }),
  'reply: answers signed for another name': ofAnswers((packet, { name }) => {
    const moved = prepend(Uint8Array.of(0x71), name);
    if (moved !== undefined)
      packet.answer = packet.answer.map((rr) => (isSig(rr) ? { ...rr, name: moved } : rr));
  }),
  'reply: answers with a record more': ofAnswers((packet) => {
    const first = packet.answer.find((rr) => rr.type === TYPE.A);
    if (first !== undefined) packet.answer.push({ ...first, rdata: SIX });
  }),
  'reply: answers with other addresses': ofAnswers((packet) => {
    packet.answer = packet.answer.map((rr) => (rr.type === TYPE.A ? { ...rr, rdata: SIX } : rr));
  }),
  'reply: answers with a signature twice': ofAnswers((packet) => {
    packet.answer.push(...packet.answer.filter(isSig));
  }),
  'reply: answers with a larger TTL': ofAnswers((packet) => {
    packet.answer = packet.answer.map((rr) => ({ ...rr, ttl: 86_400 }));
  }),
  'reply: answers with TTL 0': ofAnswers((packet) => {
    packet.answer = packet.answer.map((rr) => ({ ...rr, ttl: 0 }));
  }),
  'reply: a wildcard for everything': ofData((packet, lie) =>
    fromWildcard(packet, lie, lie.zone.denial.nameError(lie.name)),
  ),
  'reply: a wildcard for everything, with all proofs': ofData((packet, lie) =>
    fromWildcard(packet, lie, proofs(lie.zone)),
  ),
  'reply: wildcards without proof': ofAnswers((packet) => withProofs(packet, [])),
  'reply: wildcards with another’s proof': ofAnswers((packet, { zone }) =>
    withProofs(packet, proofs(zone).slice(0, 1)),
  ),
  'reply: wildcards as themselves': ofAnswers((packet, { zone, name }) => {
    const own = name[0] === 1 && name[1] === 0x2a;
    if (own)
      packet.answer = packet.answer.map((rr) => ({
        ...rr,
        name: prepend(Uint8Array.of(0x71), parentOf(rr.name)) ?? rr.name,
      }));
    else withProofs(packet, zone.denial.noData(name));
  }),
  'reply: an unsigned stranger in the answer': ofAnswers((packet, { zone }) => {
    packet.answer.push(unsigned(prepend(Uint8Array.of(0x66), zone.origin)!, TYPE.A, SIX));
  }),
  'reply: an unsigned stranger in front of the answer': ofAnswers((packet, { zone }) => {
    packet.answer.unshift(unsigned(prepend(Uint8Array.of(0x66), zone.origin)!, TYPE.A, SIX));
  }),
  'reply: unsigned records of another type beside': ofAnswers((packet, { name }) => {
    packet.answer.push(unsigned(name, TYPE.TXT, Uint8Array.of(1, 0x66)));
  }),
  'reply: unsigned NS in the authority': ofData((packet, { zone }) => {
    packet.authority.push(unsigned(zone.origin, TYPE.NS, nameFromText('ns.z0.t0.')));
  }),
  'reply: unsigned addresses in the additional': ofData((packet, { zone }) => {
    packet.additional.push(unsigned(prepend(Uint8Array.of(0x6e, 0x73), zone.origin)!, TYPE.A, SIX));
  }),
  'reply: an unsigned CNAME away': ofData((packet, { name, zone }) => {
    if (nameEquals(name, zone.origin)) return;
    setRcode(packet, RCODE.NOERROR);
    packet.flags |= FLAG.AA;
    packet.authority = [];
    packet.answer = [unsigned(name, TYPE.CNAME, nameFromText('z0.t0.'))];
  }),
  'reply: an unsigned CNAME beside answers': ofAnswers((packet, { name }) => {
    packet.answer.unshift(unsigned(name, TYPE.CNAME, nameFromText('z0.t0.')));
  }),
  'reply: an unsigned DNAME away': ofData((packet, { name, zone }) => {
    if (nameEquals(name, zone.origin)) return;
    packet.answer.unshift(unsigned(zone.origin, TYPE.DNAME, nameFromText('z0.t0.')));
  }),
  'reply: aliases lead elsewhere': ofAnswers((packet) => {
    packet.answer = packet.answer.map((rr) =>
      rr.type === TYPE.CNAME ? { ...rr, rdata: nameFromText('z0.t0.') } : rr,
    );
  }),
  'reply: DNAMEs without their CNAME': ofAnswers((packet) => {
    if (packet.answer.some((rr) => rr.type === TYPE.DNAME))
      packet.answer = packet.answer.filter((rr) => rr.type !== TYPE.CNAME);
  }),
  'reply: CNAMEs without their DNAME': ofAnswers((packet) => {
    if (packet.answer.some((rr) => rr.type === TYPE.CNAME))
      packet.answer = packet.answer.filter((rr) => covered(rr) !== TYPE.DNAME);
  }),
  'reply: DNAMEs without signature': ofAnswers((packet) => {
    packet.answer = packet.answer.filter((rr) => !(isSig(rr) && covered(rr) === TYPE.DNAME));
  }),
  'reply: aliases only': ofAnswers((packet) => {
    const alias = packet.answer.findIndex((rr) => rr.type === TYPE.CNAME);
    if (alias >= 0)
      packet.answer = packet.answer.filter((rr) => covered(rr) === TYPE.CNAME || covered(rr) === TYPE.DNAME);
    if (alias >= 0) packet.authority = [];
  }),
  'reply: referrals out of nothing': ofData((packet, { name, zone }) => {
    if (nameEquals(name, zone.origin)) return;
    setRcode(packet, RCODE.NOERROR);
    packet.flags &= ~FLAG.AA;
    packet.answer = [];
    packet.authority = [unsigned(name, TYPE.NS, nameFromText('ns.z0.t0.'))];
    packet.additional = [];
  }),
  'reply: referrals out of nothing, with other proofs': ofData((packet, { name, zone }) => {
    if (nameEquals(name, zone.origin)) return;
    setRcode(packet, RCODE.NOERROR);
    packet.flags &= ~FLAG.AA;
    packet.answer = [];
    packet.authority = [unsigned(name, TYPE.NS, nameFromText('ns.z0.t0.'))];
    withProofs(packet, proofs(zone));
  }),
  'reply: no DS, and no proof': ofData((packet, { type, zone }) => {
    if (isReferral(packet)) packet.authority = packet.authority.filter((rr) => covered(rr) === TYPE.NS);
    else if (type === TYPE.DS) {
      packet.answer = [];
      packet.authority = zone.soa === undefined ? [] : recordsFrom(zone.soa, true);
    }
  }),
  'reply: no DS, by the proof of another name': ofData((packet, lie) => {
    if (isReferral(packet)) {
      packet.authority = packet.authority.filter((rr) => covered(rr) === TYPE.NS);
      withProofs(packet, proofs(lie.zone).slice(0, 2));
    } else if (lie.type === TYPE.DS) deny(packet, lie, RCODE.NOERROR, proofs(lie.zone).slice(0, 2));
  }),
  'reply: no DS, by all proofs': ofData((packet, lie) => {
    if (lie.type === TYPE.DS) deny(packet, lie, RCODE.NOERROR, proofs(lie.zone));
  }),
  'reply: DS is SERVFAIL': ofData((packet, { type }) => {
    if (type === TYPE.DS) empty(packet, RCODE.SERVFAIL);
  }),
  'reply: DS is REFUSED': ofData((packet, { type }) => {
    if (type === TYPE.DS) empty(packet, RCODE.REFUSED);
  }),
  'reply: DS is NXDOMAIN': ofData((packet, lie) => {
    if (lie.type === TYPE.DS)
      deny(
        packet,
        lie,
        RCODE.NXDOMAIN,
        lie.zone.denial.nameError(prepend(Uint8Array.of(0x7a, 0x7a), lie.zone.origin)!),
      );
  }),
  'reply: keys are SERVFAIL': (packet, lie) => {
    if (meansKeys(lie)) empty(packet, RCODE.SERVFAIL);
  },
  'reply: keys are NODATA': (packet, lie) => {
    if (meansKeys(lie)) deny(packet, lie, RCODE.NOERROR, lie.zone.denial.noData(lie.name));
  },
  'reply: keys are NXDOMAIN': (packet, lie) => {
    if (meansKeys(lie)) deny(packet, lie, RCODE.NXDOMAIN, proofs(lie.zone).slice(0, 2));
  },
  'reply: keys without signatures': (packet, lie) => {
    if (meansKeys(lie)) packet.answer = plainOf(packet.answer);
  },
  'reply: keys of another zone': (packet, lie) => {
    const keys = lie.stranger.node(lie.stranger.origin)?.get(TYPE.DNSKEY);
    if (meansKeys(lie) && keys !== undefined) packet.answer = recordsFrom(keys, true, lie.name);
  },
  'reply: not authoritative': ofData((packet) => {
    packet.flags &= ~FLAG.AA;
  }),
  'reply: says AD': (packet) => {
    packet.flags |= FLAG.AD;
    packet.answer = plainOf(packet.answer);
  },
  'reply: without EDNS': (packet) => {
    packet.edns = undefined;
  },
};

function empty(packet: Packet, rcode: number): void {
  packet.answer = [];
  packet.authority = [];
  packet.additional = [];
  setRcode(packet, rcode);
}

/** Only what is said of names of the zone itself. */
export function forge(kind: string, packet: Packet, lie: Lie): Packet {
  if (isAtOrBelow(lie.name, lie.zone.origin) && rcodeOf(packet) !== RCODE.REFUSED)
    FORGERIES[kind]?.(packet, lie);
  return packet;
}
