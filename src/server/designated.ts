import { TYPE } from '../wire/constants.ts';
import { isAtOrBelow, type Name, nameEquals, nameFromText } from '../wire/name.ts';
import type { Query } from './query.ts';

const RESOLVER_ARPA = nameFromText('resolver.arpa.');
const DNS_RESOLVER_ARPA = nameFromText('_dns.resolver.arpa.');

/** Names that are about the resolver that is asked: others are never asked for them (RFC 9462 section 6.4). */
export function isOfResolver(name: Name): boolean {
  return isAtOrBelow(name, RESOLVER_ARPA);
}

/**
 * What the endpoint that was asked speaks encrypted (DDR, RFC 9462 section 4). Endpoints of one view differ in it, so it
 * is nothing for the cache, and no more is the denial where one has nothing of the kind: that is the locally served
 * zone's to say, as for all other types and names.
 */
export function answerDesignated(q: Query): 'done' | undefined {
  const isAsked = q.qtype === TYPE.SVCB && q.depth === 0 && q.links === 0;
  if (!isAsked || !nameEquals(q.current, DNS_RESOLVER_ARPA)) return undefined;
  q.storable = false;
  if (q.designation === undefined) return undefined;
  q.secure = false;
  q.source = 'local';
  q.answer.aa = true;
  q.answer.answer.push(q.designation.answer);
  q.answer.additional.push(...q.designation.additional);
  return 'done';
}
