/** Zones and hosts of the simulated Internet (internet.ts): what they hold, and what is wrong with them. */
import { CLASS, TYPE } from '../../src/wire/constants.ts';
import { isAtOrBelow, type Name, nameFromText, nameToText } from '../../src/wire/name.ts';
import type { Rr, Rrset } from '../../src/wire/record.ts';
import { AuthorityZone, recordsFromText } from './authority-zone.ts';
import {
  dsOf,
  INCEPTION,
  makeKey,
  type SigningKey,
  type SignOptions,
  signedKeys,
  signZone,
  withFlags,
} from './sign.ts';
import type { Nsec3Options } from './signzone.ts';

/**
 * What can be wrong with a zone's DNSSEC. `truthOf` says what each means; `bad-ds`, `unsupported-digest`,
 * `missing-ds-proof` and `ds-but-unsigned` are the parent's doing.
 */
export type Fault =
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-key'
  | 'missing-rrsig'
  | 'wrong-signature'
  | 'wrong-dnskey-signature'
  | 'no-nsec'
  | 'nsec3-iterations'
  | 'unsupported-algorithm'
  | 'bad-ds'
  | 'unsupported-digest'
  | 'missing-ds-proof'
  | 'ds-but-unsigned';

export type Security = 'secure' | 'insecure' | 'bogus';

/** What validation makes of a zone's records, and of what it denies. */
export interface Verdict {
  readonly data: Security;
  readonly denial: Security;
}

const both = (security: Security): Verdict => ({ data: security, denial: security });

/** Of a zone whose parent is secure and whose delegation says DS. */
export function verdictOf(fault: Fault | undefined): Verdict {
  switch (fault) {
    case undefined:
    case 'missing-ds-proof':
      return both('secure');
    case 'no-nsec':
      return { data: 'secure', denial: 'bogus' };
    // RFC 9276 section 3.2: over the limit, denial is taken as unsigned.
    case 'nsec3-iterations':
      return { data: 'secure', denial: 'insecure' };
    case 'unsupported-algorithm':
    case 'unsupported-digest':
      return both('insecure');
    case 'expired':
    case 'not-yet-valid':
    case 'wrong-key':
    case 'missing-rrsig':
    case 'wrong-signature':
    case 'wrong-dnskey-signature':
    case 'bad-ds':
    case 'ds-but-unsigned':
      return both('bogus');
  }
}

export interface Signing {
  /** Default 13. */
  readonly algorithm?: number;
  /** One key for all, or a KSK and a ZSK. Default: one. */
  readonly split?: boolean;
  /** Default `nsec`. */
  readonly denial?: 'nsec' | Nsec3Options;
  /** Of the DS in the parent. Default 2. */
  readonly digest?: number;
  /** Instead of made ones. */
  readonly keys?: readonly SigningKey[];
}

/** A machine with addresses. All that it does is in `internet.ts`. */
export interface Named {
  readonly name: Name;
  readonly addresses: readonly string[];
}

/** How the parent speaks of a zone, where that is not the zone's own word. */
export interface Delegation {
  /** Names in the NS records. */
  ns?: readonly string[];
  /** Records of glue in presentation format; default: the addresses of hosts in the zone. */
  glue?: readonly string[];
  ttl?: number;
  /** DS rdatas. */
  ds?: readonly Uint8Array[];
}

const TTL = 3600;
const DAY = 86_400;

/** What a zone sees of the others. */
export interface Surroundings {
  /** Hosts whose names are in this zone. */
  readonly own: readonly Named[];
  /** Any host. */
  hostOf(name: string): Named | undefined;
  /** Zones delegated from this one. */
  readonly children: readonly Zone[];
  /** Wall clock, seconds. */
  readonly now: number;
}

export class Zone {
  readonly name: string;
  readonly origin: Name;
  readonly parent: Zone | undefined;
  /** Zone-file text beside SOA, NS, delegations and addresses of servers. Call `changed` after a change. */
  text: string;
  /** Undefined: unsigned. */
  signing: Signing | undefined;
  fault: Fault | undefined = undefined;
  /** Names of its servers. */
  ns: readonly string[];
  /** Of its own SOA, NS and addresses of servers. */
  ttl = TTL;
  /** How long denials hold. */
  negativeTtl = 300;
  readonly delegation: Delegation = {};
  /** Referrals of this zone have addresses also of servers in other zones below it. */
  siblingGlue = false;
  /** Last change to its records, signatures and all. */
  doctor: ((records: readonly Rr[]) => readonly Rr[]) | undefined = undefined;
  /** Gone: the parent has no delegation. Its servers go on as if nothing had happened. */
  isDelegated = true;
  readonly #surroundings: (zone: Zone) => Surroundings;
  #data: AuthorityZone | undefined = undefined;
  #keys: readonly SigningKey[] | undefined = undefined;

  constructor(
    name: string,
    parent: Zone | undefined,
    options: { text: string; signing: Signing | undefined; ns: readonly string[] },
    surroundings: (zone: Zone) => Surroundings,
  ) {
    this.name = name;
    this.origin = nameFromText(name);
    this.parent = parent;
    this.text = options.text;
    this.signing = options.signing;
    this.ns = options.ns;
    this.#surroundings = surroundings;
  }

  /** Made when first asked for: most zones of a large Internet never are. */
  get data(): AuthorityZone {
    this.#data ??= new AuthorityZone(this.origin, this.#records());
    return this.#data;
  }

  /** Forgets what was made of it. */
  changed(): void {
    this.#data = undefined;
    this.#keys = undefined;
  }

  get keys(): readonly SigningKey[] {
    if (this.signing === undefined) return [];
    this.#keys ??= this.signing.keys ?? makeKeys(this.name, this.signing);
    return this.#keys;
  }

  /** What a parent, or an anchor, says of its keys. */
  get ds(): readonly Uint8Array[] {
    if (this.delegation.ds !== undefined) return this.delegation.ds;
    if (this.fault === 'ds-but-unsigned') return [dsOf(makeKey(this.name, { seed: this.name, flags: 257 }))];
    const key = this.keys[0];
    if (key === undefined) return [];
    if (this.fault === 'unsupported-digest') return [dsOf(key, 200)];
    const ds = dsOf(this.fault === 'unsupported-algorithm' ? unknown(key) : key, this.signing?.digest);
    if (this.fault === 'bad-ds') ds[ds.length - 1]! ^= 1;
    return [ds];
  }

  #records(): readonly Rr[] {
    const { own: hosts, hostOf, children, now } = this.#surroundings(this);
    const apex = `@ ${this.ttl} SOA ns hostmaster 1 7200 900 1209600 ${this.negativeTtl}\n`;
    const own = this.ns.map((name) => `@ ${this.ttl} NS ${name}\n`).join('');
    const plain = [
      ...recordsFromText(this.origin, apex + own + this.text),
      ...hosts.flatMap((host) => recordsFromText(this.origin, addressText(host, this.ttl))),
      ...children.flatMap((child) => this.#delegationOf(child, hostOf)),
    ];
    const made = this.signing === undefined ? unique(plain) : this.#sign(unique(plain), now);
    return this.doctor === undefined ? made : this.doctor(made);
  }

  /** Addresses of servers below the cut, and of siblings' servers where the parent is so kind. */
  #glueOf(child: Zone, hostOf: (name: string) => Named | undefined): Named[] {
    const within = this.siblingGlue ? this.origin : child.origin;
    const { ns = child.ns } = child.delegation;
    return ns
      .map(hostOf)
      .filter((host) => host !== undefined)
      .filter((host) => isAtOrBelow(host.name, within));
  }

  /** The parent's side: NS, DS, glue. */
  #delegationOf(child: Zone, hostOf: (name: string) => Named | undefined): Rr[] {
    const ttl = child.delegation.ttl ?? TTL;
    const { ns = child.ns } = child.delegation;
    const glue = child.delegation.glue ?? this.#glueOf(child, hostOf).map((host) => addressText(host, ttl));
    const lines = [...ns.map((name) => `${child.name} ${ttl} NS ${name}`), ...glue];
    const ds = child.ds.map((rdata) => ({ name: child.origin, type: TYPE.DS, class: CLASS.IN, ttl, rdata }));
    return [...recordsFromText(this.origin, `${lines.join('\n')}\n`), ...ds];
  }

  #sign(plain: readonly Rr[], now: number): Rr[] {
    const { keys, fault } = this;
    const denial = this.signing?.denial ?? 'nsec';
    const key = keys[0]!;
    const notKeys = (
      rrset: Rrset,
      options: SignOptions | 'unsigned',
    ): SignOptions | 'unsigned' | undefined => (rrset.type === TYPE.DNSKEY ? undefined : options);
    const whole = { keys, denial };
    switch (fault) {
      case undefined:
      case 'bad-ds':
      case 'unsupported-digest':
      case 'missing-ds-proof':
      case 'ds-but-unsigned':
        return signZone(plain, whole);
      case 'expired':
        return signZone(plain, { ...whole, inception: INCEPTION, expiration: now - 10 * DAY });
      case 'not-yet-valid':
        return signZone(plain, { ...whole, inception: now + 10 * DAY });
      case 'missing-rrsig':
        return signZone(plain, { ...whole, override: (rrset) => notKeys(rrset, 'unsigned') });
      case 'no-nsec':
        return signZone(plain, { ...whole, denial: 'none' });
      case 'nsec3-iterations':
        return signZone(plain, {
          ...whole,
          denial: { ...(denial === 'nsec' ? {} : denial), iterations: 150 },
        });
      case 'wrong-signature':
        return spoil(signZone(plain, whole), (covered) => covered !== TYPE.DNSKEY);
      case 'wrong-dnskey-signature':
        return spoil(signZone(plain, whole), (covered) => covered === TYPE.DNSKEY);
      case 'unsupported-algorithm': {
        const override = (): SignOptions => ({ signature: new Uint8Array(64) });
        return signZone(plain, { keys: [unknown(key)], denial, override });
      }
      case 'wrong-key': {
        const other = makeKey(this.name, { algorithm: key.algorithm, flags: 257 });
        const records = signZone(plain, { keys: [other], denial }).filter((rr) => !isOfKeys(rr));
        return [...records, ...recordsOfKeys(signedKeys(keys))];
      }
    }
  }
}

function makeKeys(name: string, signing: Signing): readonly SigningKey[] {
  const { algorithm = 13 } = signing;
  const one = (role: string, flags: number): SigningKey =>
    makeKey(
      name,
      algorithm > 10 ? { algorithm, flags, seed: `${name}${role}` } : { algorithm, flags, bits: 1024 },
    );
  return signing.split === true ? [one('ksk', 257), one('zsk', 256)] : [one('csk', 257)];
}

/** Algorithm 200 is nobody's. */
function unknown(key: SigningKey): SigningKey {
  return withFlags(key, { algorithm: 200 });
}

function coveredBy(rr: Rr): number {
  return (rr.rdata[0]! << 8) | rr.rdata[1]!;
}

function isOfKeys(rr: Rr): boolean {
  return rr.type === TYPE.DNSKEY || (rr.type === TYPE.RRSIG && coveredBy(rr) === TYPE.DNSKEY);
}

function recordsOfKeys(rrset: Rrset): Rr[] {
  const { name, ttl } = rrset;
  const one = (type: number, rdata: Uint8Array): Rr => ({ name, type, class: CLASS.IN, ttl, rdata });
  return [
    ...rrset.rdatas.map((rdata) => one(TYPE.DNSKEY, rdata)),
    ...rrset.sigs!.map((rdata) => one(TYPE.RRSIG, rdata)),
  ];
}

/** One bit of the signatures over these types. */
function spoil(records: readonly Rr[], which: (covered: number) => boolean): Rr[] {
  return records.map((rr) => {
    if (rr.type !== TYPE.RRSIG || !which(coveredBy(rr))) return rr;
    const rdata = rr.rdata.slice();
    rdata[rdata.length - 9]! ^= 0x10;
    return { ...rr, rdata };
  });
}

function addressText(host: Named, ttl: number): string {
  const name = nameToText(host.name);
  return host.addresses
    .map((address) => `${name} ${ttl} ${address.includes(':') ? 'AAAA' : 'A'} ${address}\n`)
    .join('');
}

function unique(records: readonly Rr[]): Rr[] {
  const seen = new Set<string>();
  return records.filter((rr) => {
    const key = `${nameToText(rr.name).toLowerCase()} ${rr.type} ${Buffer.from(rr.rdata).toString('hex')}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
