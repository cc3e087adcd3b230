import { unreachable } from '../util/assert.ts';
import { RCODE } from '../wire/constants.ts';
import { nameToText } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { additionalFor } from '../zone/address.ts';
import type { Settled } from '../zone/lookup.ts';
import type { Query, Step } from './query.ts';

/** Stage 4's result into the answer (RFC 1034 section 4.3.2 step 3, RFC 6672 section 3.2). What is chosen has been chosen. */
export function takeZone(q: Query, index: number, result: Exclude<Settled, { kind: 'alias' }>): Step {
  const zone = q.world.zone(index);
  // The AA bit speaks of the first owner name in the answer section (RFC 1035 section 4.1.1).
  if (q.links === 0) q.answer.aa = result.kind !== 'delegation';
  // RFC 4035 section 3.1.6: what a server says of its own zones is not authenticated, signed or not.
  q.secure = false;
  q.trace?.step('zone', `${nameToText(zone.origin)}: ${result.kind}`);
  switch (result.kind) {
    case 'hit':
    case 'any':
      q.answer.answer.push(result.rrset);
      addAdditional(q, index, result.rrset);
      return 'done';
    case 'nodata':
      return q.deny(result);
    case 'nxdomain':
      return q.deny(q.overlaid ?? result);
    case 'delegation':
      q.answer.authority.push(result.ns);
      q.answer.additional.push(...result.glue);
      return 'done';
    case 'cname':
      return q.follow([result.rrset], result.target);
    case 'dname':
      if (result.target !== undefined) return q.follow([result.rrset, result.cname], result.target);
      // The CNAME that the DNAME stands for was what was asked for.
      q.answer.answer.push(result.rrset, result.cname);
      return 'done';
    case 'dname-too-long':
      q.answer.answer.push(result.rrset);
      q.answer.rcode = RCODE.YXDOMAIN;
      return 'done';
    default:
      return unreachable(result);
  }
}

/** Addresses that the client would ask for next, where this zone is the one that it would get them from. */
function addAdditional(q: Query, index: number, rrset: Rrset): void {
  const hashes: number[] = [];
  for (const each of additionalFor(q.world.zone(index), [rrset], hashes))
    if (isTold(q, index, each)) q.answer.additional.push(each);
  for (const hash of hashes) q.depend(q.world.dependency(hash));
}

/** True if it is this zone that the client would get the records from, and no other one further down. */
export function isTold(q: Query, index: number, { name }: Rrset): boolean {
  const match = q.view.match(name)!;
  q.dependOnView(match.name, name);
  return 'zone' in match.candidate && match.candidate.zone === index;
}
