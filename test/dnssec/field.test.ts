/**
 * Signatures of the field: those in Unbound's resolver tests, from the folder `shared/rpl` beside the repository, or
 * what CAUSEWAY_RPL says.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type DnsKey, readDnskey } from '../../src/dnssec/key.ts';
import { readRrsig } from '../../src/dnssec/rrsig.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameKey, ROOT } from '../../src/wire/name.ts';
import { timestampFromText } from '../../src/wire/rdata/time.ts';
import type { Rr } from '../../src/wire/record.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';
import { fieldAlgorithms } from '../support/dsa.ts';
import { rrsetsOf, verdict, verifier } from './zones.ts';

const folder = process.env['CAUSEWAY_RPL'] ?? join(import.meta.dirname, '../../../shared/rpl');

/** The records of each section of each message; what is no record is passed over. */
function sectionsOf(text: string): Rr[][] {
  return text.split(/^SECTION .*$|^ENTRY_END/m).map((section) => {
    const rrs: Rr[] = [];
    for (const line of section.split('\n'))
      parseZone(`${line.trim()}\n`, {
        origin: ROOT,
        file: '',
        defaultTtl: 0,
        onRecord: (rr) => rrs.push(rr),
      });
    return rrs;
  });
}

function keysOf(sections: readonly Rr[][]): Map<string, DnsKey[]> {
  const keys = new Map<string, DnsKey[]>();
  for (const rr of sections.flat()) {
    const key = rr.type === TYPE.DNSKEY ? readDnskey(rr.rdata) : undefined;
    if (key === undefined) continue;
    const known = keys.get(nameKey(rr.name)) ?? [];
    keys.set(nameKey(rr.name), known);
    if (!known.some((other) => Buffer.compare(other.rdata, key.rdata) === 0)) known.push(key);
  }
  return keys;
}

interface Verdict {
  readonly file: string;
  readonly verdict: string;
}

/** What becomes of each RRset with an RRSIG whose signer's keys are in the file. */
function verdictsOf(file: string): Verdict[] {
  const text = readFileSync(join(folder, file), 'utf8');
  const date = timestampFromText(/val-override-date: "([0-9]{14})"/.exec(text)?.[1] ?? '');
  const sections = sectionsOf(text);
  const keys = keysOf(sections);
  return sections.flatMap(rrsetsOf).flatMap((set) => {
    const sig = readRrsig(set.sigs?.[0] ?? new Uint8Array(0));
    const ofSigner = sig && keys.get(nameKey(sig.signer));
    if (ofSigner === undefined || set.rdatas.length === 0) return [];
    const v = verifier({ now: date ?? sig!.inception, algorithms: ALGORITHMS });
    return [{ file, verdict: verdict(set, sig!.signer, ofSigner, v) }];
  });
}

const ALGORITHMS = fieldAlgorithms();

/** Where scenarios have what no key signed; the others that are bogus there have dates of 2003. */
const FORGED = [
  'black_ds_entry.rpl',
  'black_key_entry.rpl',
  'val_cname_loop2.rpl',
  'val_scrub_rr_length.rpl',
];

const skip = !existsSync(folder) && `no folder ${folder}`;

t.test('signatures of the field: DSA, RSA of 512 bits and more, SHA-1 and SHA-2', { skip }, (t) => {
  const all = readdirSync(folder)
    .filter((file) => file.endsWith('.rpl'))
    .flatMap(verdictsOf);
  const secure = all.filter(({ verdict }) => verdict === 'secure');
  t.comment(`${secure.length} of ${all.length} RRsets are secure`);
  t.ok(secure.length > 1_800, 'nearly all are good');
  const forged = all.filter(({ verdict }) => verdict.endsWith('does not verify'));
  t.same([...new Set(forged.map(({ file }) => file))].sort(), FORGED);
  const others = all.filter((one) => one.verdict !== 'secure' && !forged.includes(one));
  for (const { file, verdict } of others)
    t.match(verdict, file === 'rrsig_agr_wild.rpl' ? /has 1 labels$/ : /expired at 2003/, file);
  t.end();
});
