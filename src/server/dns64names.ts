import { TYPE } from '../wire/constants.ts';
import { isAtOrBelow, type Name, nameEquals, nameFromText, nameToText, ROOT } from '../wire/name.ts';
import { type Dns64Rules, embed, extract, isForValidator, SYNTHESIZED_TTL_MAX } from './dns64.ts';
import type { Query } from './query.ts';

/**
 * Names that a DNS64 answers by itself, unless a private zone or a rule of the view speaks for them: reverse names
 * of the addresses that it makes, and the name by which hosts find its prefix (RFC 7050).
 */
export function answerSpecial(q: Query): 'done' | 'follow' | undefined {
  const rules = q.settings.dns64;
  if (rules === undefined || isForValidator(q)) return undefined;
  if (q.qtype === TYPE.PTR) return reverseAlias(q, rules);
  if (q.qtype === TYPE.A || q.qtype === TYPE.AAAA) return findPrefix(q, rules);
  return undefined;
}

const IPV4ONLY_ARPA = nameFromText('ipv4only.arpa.');
/** RFC 7050 section 8.3. */
const IPV4ONLY_ADDRESSES = [Uint8Array.of(192, 0, 0, 170), Uint8Array.of(192, 0, 0, 171)];
const IPV4ONLY_TTL = 3600;

/**
 * RFC 8880 section 7.1: a DNS64 never asks others for this name. Who is further on may be a DNS64 too, and its
 * prefix is of no use to our clients.
 */
function findPrefix(q: Query, rules: Dns64Rules): 'done' | undefined {
  if (!nameEquals(q.current, IPV4ONLY_ARPA) || isSpokenFor(q)) return undefined;
  q.dependOnView(ROOT);
  q.secure = false;
  q.source = 'local';
  q.trace?.step('dns64', `${nameToText(q.current)} tells of the prefix (RFC 7050)`);
  const rdatas = IPV4ONLY_ADDRESSES.map((ipv4) => (q.qtype === TYPE.A ? ipv4 : embed(rules, ipv4)));
  q.answer.answer.push({ name: q.current, type: q.qtype, ttl: IPV4ONLY_TTL, rdatas });
  return 'done';
}

const IP6_ARPA = nameFromText('ip6.arpa.');
const IN_ADDR_ARPA = nameFromText('in-addr.arpa.');
/** 32 labels of one digit, and `ip6.arpa.` */
const REVERSE_OCTETS = 64 + IP6_ARPA.length;

/**
 * Section 5.3.1: the reverse name of an address under the prefix is an alias of that of the IPv4 address in it,
 * unless a private zone or a rule of this view speaks for it. What that is an alias of is asked for as ever.
 */
function reverseAlias(q: Query, rules: Dns64Rules): 'done' | 'follow' | undefined {
  const ipv6 = addressOfReverse(q.current);
  const ipv4 = ipv6 === undefined ? undefined : extract(rules, ipv6);
  if (ipv4 === undefined || isSpokenFor(q)) return undefined;
  q.dependOnView(ROOT);
  q.secure = false;
  const target = nameFromText([...ipv4].reverse().join('.'), IN_ADDR_ARPA);
  q.trace?.step('dns64', `${nameToText(q.current)} is an alias of ${nameToText(target)}`);
  const link = { name: q.current, type: TYPE.CNAME, ttl: SYNTHESIZED_TTL_MAX, rdatas: [target] };
  return q.follow([link], target);
}

function isSpokenFor(q: Query): boolean {
  const candidate = q.view.match(q.current)?.candidate;
  switch (candidate?.kind) {
    case 'zone':
      return true;
    case 'forward':
    case 'recursive':
      return q.world.snapshot.paths[candidate.path]!.domain.length > 1;
    // An autodefined zone only says that nobody has it.
    case 'local':
    case 'system':
    case undefined:
      return false;
  }
}

/** The 16 octets that a name with all 32 digits of an address says; undefined for others. */
function addressOfReverse(name: Name): Uint8Array | undefined {
  if (name.length !== REVERSE_OCTETS || !isAtOrBelow(name, IP6_ARPA)) return undefined;
  const address = new Uint8Array(16);
  for (let i = 0; i < 32; i++) {
    const digit = name[2 * i] === 1 ? digitOf(name[2 * i + 1]!) : -1;
    if (digit < 0) return undefined;
    address[15 - (i >> 1)]! |= i % 2 === 0 ? digit : digit << 4;
  }
  return address;
}

function digitOf(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
