/**
 * What can be wrong with a zone, one kind each: as broken signers, forgetful operators and careless copies make it,
 * and as one who has the keys might lie. What it means is Unbound's to say.
 */

import type { Prng } from '../../../src/util/prng.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { labelCount, nameEquals, nameFromText, parentOf, prepend } from '../../../src/wire/name.ts';
import type { Rrset } from '../../../src/wire/record.ts';
import { dsOf, EXPIRATION, INCEPTION, kskOf, makeKey, type SignOptions, withFlags } from '../sign.ts';
import { choose, each, eachSig, isData, isDenial, isKeys, replace, resign, SIG, type Which } from './edit.ts';
import type { Leaf } from './leaf.ts';
import { pick } from './random.ts';

export interface FaultEnv {
  readonly leaf: Leaf;
  readonly prng: Prng;
}

export type ZoneFault = (env: FaultEnv) => void;

const DAY = 86_400;
const YEAR = 365 * DAY;

/** The RRSIGs of one RRset are changed octet by octet. */
function sigs(which: Which, change: (sig: Uint8Array, env: FaultEnv) => Uint8Array | undefined): ZoneFault {
  return (env) => {
    const chosen = choose(env.leaf, env.prng, which);
    if (chosen !== undefined)
      replace(
        env.leaf,
        chosen,
        eachSig(chosen, (sig) => change(sig, env)),
      );
  };
}

/** One RRset is signed with other words, by the right keys. */
function signed(which: Which, options: (rrset: Rrset, env: FaultEnv) => SignOptions): ZoneFault {
  return (env) => {
    const chosen = choose(env.leaf, env.prng, which);
    if (chosen !== undefined) replace(env.leaf, chosen, resign(env.leaf, chosen, options(chosen, env)));
  };
}

/** All but the keys. */
function signedAll(options: SignOptions): ZoneFault {
  return ({ leaf }) =>
    each(
      leaf,
      (rrset) => (rrset.sigs?.length ?? 0) > 0,
      (rrset) => resign(leaf, rrset, options),
    );
}

/** The rdata of one RRset is changed, and signed as it then is. */
function lie(
  which: Which,
  change: (rdata: Uint8Array, env: FaultEnv, rrset: Rrset) => Uint8Array,
): ZoneFault {
  return (env) => {
    const chosen = choose(env.leaf, env.prng, which);
    if (chosen === undefined) return;
    const rdatas = chosen.rdatas.map((rdata) => change(rdata.slice(), env, chosen));
    replace(env.leaf, chosen, resign(env.leaf, { ...chosen, rdatas }));
  };
}

/** The keys are published otherwise; the KSKs that the parent knows sign them. */
function keys(change: (rdata: Uint8Array, index: number) => Uint8Array | undefined): ZoneFault {
  return ({ leaf }) =>
    each(leaf, isKeys, (rrset) => {
      const rdatas = rrset.rdatas
        .map((rdata, i) => change(rdata.slice(), i))
        .filter((rdata) => rdata !== undefined);
      return rdatas.length === 0 ? undefined : resign(leaf, { ...rrset, rdatas });
    });
}

const isNsec: Which = ({ type }) => type === TYPE.NSEC;
const isNsec3: Which = ({ type }) => type === TYPE.NSEC3;
const of =
  (type: number): Which =>
  (rrset) =>
    rrset.type === type;
const isApexDenial =
  (leaf: Leaf): Which =>
  (rrset) =>
    isDenial(rrset) && nameEquals(rrset.name, leaf.origin);

function flip(bytes: Uint8Array, at: number, bit = 1): Uint8Array {
  bytes[at]! ^= bit;
  return bytes;
}

/** NSEC: where the type bitmaps begin. */
function bitmapAt(rdata: Uint8Array): number {
  let at = 0;
  while (rdata[at] !== 0) at += rdata[at]! + 1;
  return at + 1;
}

/** NSEC3: where the length of the next hash stands. */
function hashAt(rdata: Uint8Array): number {
  return 5 + rdata[4]!;
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0);
  return bytes;
}

function put(bytes: Uint8Array, at: number, value: Uint8Array): Uint8Array {
  bytes.set(value, at);
  return bytes;
}

const cut = (leaf: Leaf): Rrset[] =>
  leaf.sets.filter((rrset) => rrset.type === TYPE.NS && !nameEquals(rrset.name, leaf.origin));

export const ZONE_FAULTS: Readonly<Record<string, ZoneFault>> = {
  'signature: one bit of it': sigs(isData, (sig, { prng }) =>
    flip(sig, sig.length - 1 - prng.below(32), 1 << prng.below(8)),
  ),
  'signature: one bit, of a denial': sigs(isDenial, (sig) => flip(sig, sig.length - 3)),
  'signature: one bit, of the keys': sigs(isKeys, (sig) => flip(sig, sig.length - 3)),
  'signature: one bit, of the SOA': sigs(of(TYPE.SOA), (sig) => flip(sig, sig.length - 3)),
  'signature: one bit, of a DS': sigs(of(TYPE.DS), (sig) => flip(sig, sig.length - 3)),
  'signature: one bit, of the NS': sigs(of(TYPE.NS), (sig) => flip(sig, sig.length - 3)),
  'signature: empty': sigs(isData, (sig, { leaf }) => sig.slice(0, SIG.SIGNER + leaf.origin.length)),
  'signature: cut short': sigs(isData, (sig) => sig.slice(0, -1)),
  'signature: zeros': sigs(isData, (sig, { leaf }) => sig.fill(0, SIG.SIGNER + leaf.origin.length)),
  'signature: another type': sigs(isData, (sig) => put(sig, 0, Uint8Array.from([0, 17]))),
  'signature: other algorithm number': sigs(isData, (sig) =>
    put(sig, SIG.ALGORITHM, Uint8Array.of(sig[2] === 13 ? 8 : 13)),
  ),
  'signature: unknown algorithm number': sigs(isData, (sig) => put(sig, SIG.ALGORITHM, Uint8Array.of(200))),
  'signature: other key tag': sigs(isData, (sig) => flip(sig, SIG.TAG)),
  'signature: missing': sigs(isData, () => undefined),
  'signature: missing, of a denial': sigs(isDenial, () => undefined),
  'signature: missing, of the keys': sigs(isKeys, () => undefined),
  'signature: missing, of the SOA': sigs(of(TYPE.SOA), () => undefined),
  'signature: missing, of a DS': sigs(of(TYPE.DS), () => undefined),
  'signature: missing, of a DNAME': sigs(of(TYPE.DNAME), () => undefined),
  'signature: missing, of a CNAME': sigs(of(TYPE.CNAME), () => undefined),
  'signatures: all missing': ({ leaf }) =>
    each(
      leaf,
      () => true,
      (rrset) => ({ ...rrset, sigs: [] }),
    ),
  'signatures: all missing but the keys’': ({ leaf }) =>
    each(
      leaf,
      (rrset) => !isKeys(rrset),
      (rrset) => ({ ...rrset, sigs: [] }),
    ),
  'signatures: one wrong beside a right one': ({ leaf, prng }) => {
    const chosen = choose(leaf, prng, isData);
    if (chosen === undefined) return;
    const wrong = eachSig(chosen, (sig) => flip(sig, sig.length - 2)).sigs!;
    replace(leaf, chosen, { ...chosen, sigs: [...wrong, ...chosen.sigs!] });
  },
  'signatures: many wrong ones beside a right one': ({ leaf, prng }) => {
    const chosen = choose(leaf, prng, isData);
    if (chosen === undefined) return;
    const wrong = Array.from(
      { length: 12 },
      (_, i) => eachSig(chosen, (sig) => flip(sig, sig.length - 1, i + 1)).sigs![0]!,
    );
    replace(leaf, chosen, { ...chosen, sigs: [...wrong, ...chosen.sigs!] });
  },
  'time: expired': signed(isData, () => ({ expiration: INCEPTION + YEAR })),
  'time: expired, of a denial': signed(isDenial, () => ({ expiration: INCEPTION + YEAR })),
  'time: expired, of the keys': signed(isKeys, () => ({ expiration: INCEPTION + YEAR })),
  'time: all expired': signedAll({ expiration: INCEPTION + YEAR }),
  'time: not yet': signed(isData, () => ({ inception: EXPIRATION - DAY })),
  'time: all not yet': signedAll({ inception: EXPIRATION - DAY }),
  'time: ends before it begins': signed(isData, () => ({ inception: EXPIRATION, expiration: INCEPTION })),
  'time: dates changed after signing': sigs(isData, (sig) =>
    put(sig, SIG.EXPIRATION, word(EXPIRATION + DAY)),
  ),
  'time: over 68 years': signed(isData, () => ({ expiration: INCEPTION + 0x80000000 + DAY })),
  'labels: one more than there are': signed(isData, ({ name }) => ({ labels: labelCount(name) + 1 })),
  'labels: one less, as from a wildcard': signed(isData, ({ name }) => ({
    labels: labelCount(name) - 1,
    owner: prepend(Uint8Array.of(0x2a), parentOf(name))!,
  })),
  'labels: less than the signer’s': signed(isData, ({ name }) => ({
    labels: 1,
    owner: prepend(Uint8Array.of(0x2a), nameFromText(`${'t0.'}`))!,
    ...(name.length > 0 ? {} : {}),
  })),
  'labels: none': signed(isData, () => ({ labels: 0 })),
  'labels: changed after signing': sigs(isData, (sig) =>
    put(sig, SIG.LABELS, Uint8Array.of(sig[SIG.LABELS]! - 1)),
  ),
  'labels: of a denial, as from a wildcard': signed(isDenial, ({ name }) => ({
    labels: labelCount(name) - 1,
    owner: prepend(Uint8Array.of(0x2a), parentOf(name))!,
  })),
  'TTL: original less than the record’s': signed(isData, () => ({ originalTtl: 30 })),
  'TTL: original more than the record’s': signed(isData, () => ({ originalTtl: 3600 })),
  'TTL: original changed after signing': sigs(isData, (sig) => put(sig, SIG.TTL, word(299))),
  'signer: the parent': signed(isData, (_, { leaf }) => ({ signer: parentOf(leaf.origin) })),
  'signer: the root': signed(isData, () => ({ signer: Uint8Array.of(0) })),
  'signer: a name below the zone': signed(isData, (_, { leaf }) => ({
    signer: prepend(Uint8Array.of(0x61), leaf.origin)!,
  })),
  'signer: the owner': signed(isData, ({ name }) => ({ signer: name })),
  'signer: another zone': signed(isData, () => ({ signer: nameFromText('z0.t0.') })),
  'signer: the parent, of the keys': signed(isKeys, (_, { leaf }) => ({ signer: parentOf(leaf.origin) })),
  'signer: the parent, of a denial': signed(isDenial, (_, { leaf }) => ({ signer: parentOf(leaf.origin) })),
  'signer: in capitals': signed(isData, (_, { leaf }) => ({
    signer: leaf.origin.map((octet) => (octet >= 0x61 && octet <= 0x7a ? octet - 0x20 : octet)),
  })),
  'signer: a key that nobody vouches for': ({ leaf, prng }) => {
    const chosen = choose(leaf, prng, isData);
    if (chosen !== undefined) replace(leaf, chosen, resign(leaf, chosen, {}, [makeKey(leaf.name)]));
  },
  'signer: same tag, another key': ({ leaf, prng }) => {
    const chosen = choose(leaf, prng, isData);
    if (chosen !== undefined)
      replace(leaf, chosen, resign(leaf, chosen, { tag: leaf.keys.at(-1)!.tag }, [makeKey(leaf.name)]));
  },
  'data: changed after signing': ({ leaf, prng }) => {
    const chosen = choose(leaf, prng, (rrset) => rrset.type === TYPE.A);
    if (chosen !== undefined)
      replace(leaf, chosen, { ...chosen, rdatas: chosen.rdatas.map((rdata) => flip(rdata.slice(), 3)) });
  },
  'data: a record added after signing': ({ leaf, prng }) => {
    const chosen = choose(leaf, prng, (rrset) => rrset.type === TYPE.A);
    if (chosen !== undefined)
      replace(leaf, chosen, { ...chosen, rdatas: [...chosen.rdatas, Uint8Array.of(192, 0, 2, 66)] });
  },
  'data: a record lost after signing': ({ leaf, prng }) => {
    const chosen = choose(leaf, prng, (rrset) => isData(rrset) && rrset.rdatas.length > 1);
    if (chosen !== undefined) replace(leaf, chosen, { ...chosen, rdatas: chosen.rdatas.slice(1) });
  },
  'data: an RRset lost after signing': ({ leaf, prng }) =>
    replace(
      leaf,
      choose(leaf, prng, (rrset) => isData(rrset) && !nameEquals(rrset.name, leaf.origin)),
    ),
  'data: an unsigned RRset added': ({ leaf, prng }) => {
    const chosen = choose(leaf, prng, (rrset) => rrset.type === TYPE.A);
    if (chosen === undefined) return;
    leaf.sets.push({ name: chosen.name, type: TYPE.TXT, ttl: 300, rdatas: [Uint8Array.of(1, 0x66)] });
  },
  'data: an unsigned name added': ({ leaf }) => {
    const name = prepend(Uint8Array.of(0x62), leaf.origin)!;
    if (leaf.sets.some((rrset) => nameEquals(rrset.name, name))) return;
    leaf.sets.push({ name, type: TYPE.A, ttl: 300, rdatas: [Uint8Array.of(192, 0, 2, 66)] });
  },
  'data: a wildcard’s records at a name of their own': ({ leaf, prng }) => {
    const wild = choose(
      leaf,
      prng,
      (rrset) => rrset.name[0] === 1 && rrset.name[1] === 0x2a && isData(rrset),
    );
    if (wild === undefined) return;
    const name = prepend(Uint8Array.of(0x62), parentOf(wild.name))!;
    if (!leaf.sets.some((rrset) => nameEquals(rrset.name, name))) leaf.sets.push({ ...wild, name });
  },
  'keys: none': ({ leaf }) => each(leaf, isKeys, () => undefined),
  'keys: the first one gone': keys((rdata, i) => (i === 0 ? undefined : rdata)),
  'keys: the last one gone': keys((rdata, i) => (i === 0 ? rdata : undefined)),
  'keys: no zone keys': keys((rdata) => flip(rdata, 0)),
  'keys: other protocol': keys((rdata) => put(rdata, 2, Uint8Array.of(4))),
  'keys: revoked': keys((rdata) => flip(rdata, 1, 0x80)),
  'keys: without SEP': keys((rdata) => put(rdata, 1, Uint8Array.of(0))),
  'keys: other algorithm number': keys((rdata) => put(rdata, 3, Uint8Array.of(rdata[3] === 13 ? 8 : 13))),
  'keys: cut short': keys((rdata) => rdata.slice(0, -1)),
  'keys: empty': keys((rdata) => rdata.slice(0, 4)),
  'keys: a strange one beside': ({ leaf }) =>
    each(leaf, isKeys, (rrset) =>
      resign(leaf, { ...rrset, rdatas: [...rrset.rdatas, makeKey(leaf.name).rdata] }),
    ),
  'keys: a strange one added after signing': ({ leaf }) =>
    each(leaf, isKeys, (rrset) => ({ ...rrset, rdatas: [...rrset.rdatas, makeKey(leaf.name).rdata] })),
  'keys: signed by the ZSK only': ({ leaf }) => {
    if (leaf.keys.length > 1) each(leaf, isKeys, (rrset) => resign(leaf, rrset, {}, leaf.keys.slice(1)));
  },
  'keys: other ones, that sign everything': ({ leaf }) => {
    const other = makeKey(leaf.name, { flags: 257 });
    each(leaf, isKeys, (rrset) => ({ ...rrset, rdatas: [other.rdata] }));
    each(
      leaf,
      (rrset) => (rrset.sigs?.length ?? 0) > 0,
      (rrset) => resign(leaf, rrset, {}, [other]),
    );
  },
  'DS: other digest': ({ leaf }) => void (leaf.ds = leaf.ds.map((ds) => flip(ds.slice(), ds.length - 1))),
  'DS: other key tag': ({ leaf }) => void (leaf.ds = leaf.ds.map((ds) => flip(ds.slice(), 1))),
  'DS: other algorithm': ({ leaf }) =>
    void (leaf.ds = leaf.ds.map((ds) => put(ds.slice(), 2, Uint8Array.of(ds[2] === 13 ? 8 : 13)))),
  'DS: unknown algorithm': ({ leaf }) =>
    void (leaf.ds = leaf.ds.map((ds) => put(ds.slice(), 2, Uint8Array.of(200)))),
  'DS: unknown digest': ({ leaf }) =>
    void (leaf.ds = leaf.ds.map((ds) => put(ds.slice(), 3, Uint8Array.of(200)))),
  'DS: SHA-1': ({ leaf }) => void (leaf.ds = kskOf(leaf.keys).map((key) => dsOf(key, 1))),
  'DS: SHA-384': ({ leaf }) => void (leaf.ds = kskOf(leaf.keys).map((key) => dsOf(key, 4))),
  'DS: SHA-1 right, SHA-256 wrong': ({ leaf }) =>
    void (leaf.ds = [
      ...kskOf(leaf.keys).map((key) => dsOf(key, 1)),
      ...leaf.ds.map((ds) => flip(ds.slice(), 9)),
    ]),
  'DS: SHA-256 right, SHA-384 wrong': ({ leaf }) =>
    void (leaf.ds = [...leaf.ds, ...kskOf(leaf.keys).map((key) => flip(dsOf(key, 4), 9))]),
  'DS: cut short': ({ leaf }) => void (leaf.ds = leaf.ds.map((ds) => ds.slice(0, -1))),
  'DS: one of nothing beside the right one': ({ leaf }) =>
    void leaf.ds.unshift(dsOf(makeKey(leaf.name, { flags: 257 }))),
  'DS: one of an unknown algorithm beside the right one': ({ leaf }) =>
    void leaf.ds.unshift(put(dsOf(makeKey(leaf.name, { flags: 257 })), 2, Uint8Array.of(200))),
  'DS: of the ZSK': ({ leaf }) => void (leaf.ds = [dsOf(leaf.keys.at(-1)!)]),
  'DS: of a revoked key': ({ leaf }) => {
    const revoked = withFlags(leaf.keys[0]!, { flags: 257 | 0x80 });
    leaf.ds = [dsOf(revoked)];
    each(leaf, isKeys, (rrset) =>
      resign(leaf, { ...rrset, rdatas: [revoked.rdata, ...rrset.rdatas] }, { tag: revoked.tag }),
    );
  },
  'DS: signed zone, and none': ({ leaf }) => void (leaf.ds = []),
  'NSEC: one gone': ({ leaf, prng }) => replace(leaf, choose(leaf, prng, isNsec)),
  'NSEC: the apex’s gone': ({ leaf }) => each(leaf, isApexDenial(leaf), () => undefined),
  'NSEC: all gone': ({ leaf }) => each(leaf, isNsec, () => undefined),
  'NSEC: next name is the owner': lie(isNsec, (rdata, _, { name }) =>
    Buffer.concat([name, rdata.slice(bitmapAt(rdata))]),
  ),
  'NSEC: next name is the apex': lie(isNsec, (rdata, { leaf }) =>
    Buffer.concat([leaf.origin, rdata.slice(bitmapAt(rdata))]),
  ),
  'NSEC: next name is out of the zone': lie(isNsec, (rdata) =>
    Buffer.concat([nameFromText('zz.'), rdata.slice(bitmapAt(rdata))]),
  ),
  'NSEC: next name lies before the owner': lie(isNsec, (rdata, { leaf }) =>
    Buffer.concat([prepend(Uint8Array.of(0x21), leaf.origin)!, rdata.slice(bitmapAt(rdata))]),
  ),
  'NSEC: all of the zone in one gap': ({ leaf }) =>
    each(leaf, isNsec, (rrset) =>
      nameEquals(rrset.name, leaf.origin)
        ? resign(leaf, {
            ...rrset,
            rdatas: [Buffer.concat([leaf.origin, rrset.rdatas[0]!.slice(bitmapAt(rrset.rdatas[0]!))])],
          })
        : undefined,
    ),
  'NSEC: no types': lie(isNsec, (rdata) => rdata.slice(0, bitmapAt(rdata))),
  'NSEC: a bit less': lie(isNsec, (rdata) => {
    const at = bitmapAt(rdata) + 2;
    rdata[at]! &= ~0x40;
    return rdata;
  }),
  'NSEC: says CNAME': lie(isNsec, (rdata) => {
    rdata[bitmapAt(rdata) + 2]! |= 0x04;
    return rdata;
  }),
  'NSEC: says NS without SOA': lie(isNsec, (rdata) => {
    const at = bitmapAt(rdata) + 2;
    rdata[at]! |= 0x20;
    rdata[at]! &= ~0x02;
    return rdata;
  }),
  'NSEC: says SOA': lie(isNsec, (rdata) => {
    rdata[bitmapAt(rdata) + 2]! |= 0x02;
    return rdata;
  }),
  'NSEC: says DNAME': lie(isNsec, (rdata) => {
    const at = bitmapAt(rdata);
    if (rdata[at + 1]! > 4) rdata[at + 2 + 4]! |= 0x01;
    return rdata;
  }),
  'NSEC: bitmap not in order': lie(isNsec, (rdata) => Buffer.concat([rdata, rdata.slice(bitmapAt(rdata))])),
  'NSEC: bitmap cut short': lie(isNsec, (rdata) => rdata.slice(0, -1)),
  'NSEC: beside NSEC3': ({ leaf }) => {
    const nsec = {
      name: leaf.origin,
      type: TYPE.NSEC,
      ttl: 300,
      rdatas: [Buffer.concat([prepend(Uint8Array.of(0x7a), leaf.origin)!, Uint8Array.of(0, 1, 2)])],
    };
    if (!leaf.sets.some(isNsec)) leaf.sets.push(resign(leaf, nsec));
  },
  'NSEC3: one gone': ({ leaf, prng }) => replace(leaf, choose(leaf, prng, isNsec3)),
  'NSEC3: all gone': ({ leaf }) => each(leaf, isNsec3, () => undefined),
  'NSEC3: other hash algorithm': lie(isNsec3, (rdata) => put(rdata, 0, Uint8Array.of(2))),
  'NSEC3: unknown flag': lie(isNsec3, (rdata) => flip(rdata, 1, 0x80)),
  'NSEC3: opt-out turned': lie(isNsec3, (rdata) => flip(rdata, 1)),
  'NSEC3: opt-out turned, all': ({ leaf }) =>
    each(leaf, isNsec3, (rrset) =>
      resign(leaf, { ...rrset, rdatas: rrset.rdatas.map((rdata) => flip(rdata.slice(), 1)) }),
    ),
  'NSEC3: other iterations': lie(isNsec3, (rdata) => flip(rdata, 3)),
  'NSEC3: very many iterations': lie(isNsec3, (rdata) => put(rdata, 2, Uint8Array.of(0x09, 0xc4))),
  'NSEC3: other salt': lie(isNsec3, (rdata) =>
    Buffer.concat([rdata.slice(0, 4), Uint8Array.of(2, 9, 9), rdata.slice(hashAt(rdata))]),
  ),
  'NSEC3: next hash is the owner': lie(isNsec3, (rdata, { leaf, prng }) => {
    const other = choose(leaf, prng, isNsec3)!.rdatas[0]!;
    return put(rdata, hashAt(rdata) + 1, other.slice(hashAt(other) + 1, hashAt(other) + 21));
  }),
  'NSEC3: next hash as large as can be': lie(isNsec3, (rdata) =>
    rdata.fill(0xff, hashAt(rdata) + 1, hashAt(rdata) + 21),
  ),
  'NSEC3: next hash zero': lie(isNsec3, (rdata) => rdata.fill(0, hashAt(rdata) + 1, hashAt(rdata) + 21)),
  'NSEC3: hash cut short': lie(isNsec3, (rdata) => {
    const at = hashAt(rdata);
    return Buffer.concat([
      rdata.slice(0, at),
      Uint8Array.of(19),
      rdata.slice(at + 1, at + 20),
      rdata.slice(at + 21),
    ]);
  }),
  'NSEC3: no types': lie(isNsec3, (rdata) => rdata.slice(0, hashAt(rdata) + 21)),
  'NSEC3: says CNAME': lie(isNsec3, (rdata) => {
    const at = hashAt(rdata) + 21;
    if (rdata.length > at + 2) rdata[at + 2]! |= 0x04;
    return rdata;
  }),
  'NSEC3: says NS without SOA': lie(isNsec3, (rdata) => {
    const at = hashAt(rdata) + 21;
    if (rdata.length > at + 2) {
      rdata[at + 2]! |= 0x20;
      rdata[at + 2]! &= ~0x02;
    }
    return rdata;
  }),
  'cut: no DS any more': ({ leaf }) => each(leaf, of(TYPE.DS), () => undefined),
  'cut: DS changed after signing': ({ leaf }) =>
    each(leaf, of(TYPE.DS), (rrset) => ({
      ...rrset,
      rdatas: rrset.rdatas.map((ds) => flip(ds.slice(), ds.length - 1)),
    })),
  'cut: DS of nothing, signed': ({ leaf }) =>
    each(leaf, of(TYPE.DS), (rrset) =>
      resign(leaf, { ...rrset, rdatas: [dsOf(makeKey(leaf.name, { flags: 257 }))] }),
    ),
  'cut: DS of an unknown algorithm, signed': ({ leaf }) =>
    each(leaf, of(TYPE.DS), (rrset) =>
      resign(leaf, { ...rrset, rdatas: rrset.rdatas.map((ds) => put(ds.slice(), 2, Uint8Array.of(200))) }),
    ),
  'cut: NSEC does not say NS': ({ leaf, prng }) => {
    const chosen = cut(leaf);
    if (chosen.length === 0) return;
    const at = pick(prng, chosen);
    lie(
      (rrset) => isNsec(rrset) && nameEquals(rrset.name, at.name),
      (rdata) => {
        rdata[bitmapAt(rdata) + 2]! &= ~0x20;
        return rdata;
      },
    )({ leaf, prng });
  },
  'cut: NSEC gone': ({ leaf, prng }) => {
    const chosen = cut(leaf);
    if (chosen.length > 0)
      replace(
        leaf,
        choose(
          leaf,
          prng,
          (rrset) => isNsec(rrset) && chosen.some(({ name }) => nameEquals(rrset.name, name)),
        ),
      );
  },
  'NSEC3PARAM: gone': ({ leaf }) => each(leaf, of(TYPE.NSEC3PARAM), () => undefined),
};
