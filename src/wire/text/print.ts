import { nameToText } from '../name.ts';
import { rdataToText, typeToText } from '../rdata/table.ts';
import type { Rr } from '../record.ts';

/** One line of a zone file, without its end: `www.example. 300 IN A 192.0.2.1`. Class as CLASSn unless IN. */
export function rrToText(rr: Rr): string {
  const klass = rr.class === 1 ? 'IN' : `CLASS${rr.class}`;
  return `${nameToText(rr.name)} ${rr.ttl} ${klass} ${typeToText(rr.type)} ${rdataToText(rr.type, rr.rdata)}`;
}
