/** Stage 5 for tests of the pipeline: what would be learned, by a table of texts, and what was asked for. */

import type { Security } from '../../src/cache/security.ts';
import type { Resolution, ResolveRequest } from '../../src/resolver/resolve.ts';
import type { TrustStep } from '../../src/resolver/truststep.ts';
import type { Resolve } from '../../src/server/query.ts';
import { RCODE, TYPE } from '../../src/wire/constants.ts';
import { groupRrsets } from '../../src/wire/message.ts';
import { nameToText, ROOT } from '../../src/wire/name.ts';
import { typeToText } from '../../src/wire/rdata/table.ts';
import type { Ede, Rr, Rrset } from '../../src/wire/record.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';

/** RRsets out of lines of a zone file with absolute names; RRSIGs stand with what they cover, or alone. */
export function setsOf(lines: readonly string[]): Rrset[] {
  const rrs: Rr[] = [];
  const onRecord = (rr: Rr): void => void rrs.push(rr);
  const errors = parseZone(lines.join('\n'), { origin: ROOT, file: 'test', onRecord });
  if (errors.length > 0) throw new Error(errors[0]!.message);
  return groupRrsets(rrs).map((set) =>
    set.rdatas.length > 0 ? set : { name: set.name, type: TYPE.RRSIG, ttl: set.ttl, rdatas: set.sigs ?? [] },
  );
}

/** A signature by text; nobody here validates it. */
export function rrsig(owner: string, ttl: number, covered: string, zone: string): string {
  const labels = owner.split('.').length - 1;
  return `${owner} ${ttl} IN RRSIG ${covered} 13 ${labels} ${ttl} 20380101000000 20200101000000 4711 ${zone} AAAA`;
}

/** What is to be learned of one question; without an outcome: an answer, or NODATA if there are no records. */
export interface Said {
  readonly outcome?: Resolution['outcome'];
  readonly records?: readonly string[];
  readonly soa?: readonly string[];
  readonly proofs?: readonly string[];
  readonly security?: Security;
  readonly source?: Resolution['source'];
  readonly ede?: readonly Ede[];
  readonly chain?: readonly TrustStep[];
}

const RCODES = {
  answer: RCODE.NOERROR,
  nodata: RCODE.NOERROR,
  nxdomain: RCODE.NXDOMAIN,
  referral: RCODE.NOERROR,
  failure: RCODE.SERVFAIL,
};

export function resolutionOf(said: Said): Resolution {
  const { records = [], soa, proofs, security, source = 'upstream', ede = [], chain } = said;
  const outcome = said.outcome ?? (records.length > 0 ? 'answer' : 'nodata');
  return {
    outcome,
    rcode: RCODES[outcome],
    rrsets: setsOf(records),
    ede,
    source,
    ...(soa && { soa: setsOf(soa)[0]! }),
    ...(proofs && { proofs: setsOf(proofs) }),
    ...(security && { security }),
    ...(chain && { chain }),
  };
}

/** `name TYPE` → what is said; a function sees the request. NXDOMAIN for the rest. Requests are kept in `asked`. */
export function upstreamOf(
  table: Readonly<Record<string, Said | ((request: ResolveRequest) => Said)>>,
  asked: ResolveRequest[] = [],
): Resolve {
  return (request) => {
    asked.push(request);
    const said = table[`${nameToText(request.name)} ${typeToText(request.type)}`];
    return resolutionOf(typeof said === 'function' ? said(request) : (said ?? { outcome: 'nxdomain' }));
  };
}

/** `rule name TYPE` of each request. */
export function textsOf(asked: readonly ResolveRequest[]): string[] {
  return asked.map(({ path, name, type }) => `${path.rule} ${nameToText(name)} ${typeToText(type)}`);
}
