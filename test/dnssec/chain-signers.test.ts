/** Chains that ldns-signzone and BIND's dnssec-signzone make of random zones are those that the properties use. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { nameToText } from '../../src/wire/name.ts';
import { rdataToText } from '../../src/wire/rdata/table.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { missing } from '../support/servers.ts';
import { findTool } from '../support/tools.ts';
import { type Labels, type Nsec3Options, randomOwners, TestZone, wire } from './chains.ts';
import { records, rrsetsOf } from './zones.ts';

const ORIGIN: Labels = ['example'];
const APEX = 'example. 300 IN SOA ns.far. admin.far. 1 3600 900 604800 300\nexample. 300 IN NS ns.far.\n';
const DATA: Record<number, string> = {
  [TYPE.A]: 'A 192.0.2.1',
  [TYPE.TXT]: 'TXT x',
  [TYPE.CNAME]: 'CNAME far.',
  [TYPE.NS]: 'NS ns.far.',
  [TYPE.DS]: `DS 1 13 2 ${'0A'.repeat(32)}`,
  [TYPE.DNAME]: 'DNAME far.',
};
const SALTED: Nsec3Options = { iterations: 3, salt: Uint8Array.of(0xaa, 0xbb) };

const folder = mkdtempSync(join(tmpdir(), 'causeway-chains-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function zoneText(zone: TestZone): string {
  const lines = zone
    .nodes()
    .filter(({ labels }) => labels.length > 0)
    .flatMap(({ labels, types }) =>
      types.map((type) => `${nameToText(wire([...labels, ...ORIGIN]))} 300 IN ${DATA[type]}\n`),
    );
  return APEX + lines.join('');
}

function show(rrsets: readonly Rrset[]): string[] {
  return rrsets
    .filter((rrset) => rrset.type === TYPE.NSEC || rrset.type === TYPE.NSEC3)
    .map(({ name, type, rdatas }) => `${nameToText(name)} ${rdataToText(type, rdatas[0]!)}`.toLowerCase())
    .sort();
}

/** Signs a file and returns the text of the signed zone. */
type Signer = (file: string, key: string, nsec3: Nsec3Options | undefined) => string;

function ldns(file: string, key: string, nsec3: Nsec3Options | undefined): string {
  const salt = nsec3?.salt ? ['-s', nsec3.salt.toHex()] : [];
  const options = nsec3 ? ['-n', '-t', `${nsec3.iterations ?? 0}`, ...salt] : [];
  const args = [...options, '-e', '20350101000000', '-f', `${file}.signed`, file, key];
  execFileSync(findTool('ldns-signzone')!, args, { cwd: folder });
  return readFileSync(`${file}.signed`, 'utf8');
}

function bind(file: string, key: string, nsec3: Nsec3Options | undefined): string {
  const options = nsec3 ? ['-3', nsec3.salt?.toHex() || '-', '-H', `${nsec3.iterations ?? 0}`] : [];
  const optOut = nsec3?.optOut ? ['-A'] : [];
  const fixed = ['-z', '-S', '-K', folder, '-O', 'full', '-o', 'example.', '-f', `${file}.signed`];
  execFileSync(findTool('dnssec-signzone')!, [...options, ...optOut, ...fixed, file, key], {
    cwd: folder,
    stdio: 'ignore',
  });
  return readFileSync(`${file}.signed`, 'utf8');
}

const ZONES = fc.sample(randomOwners, { numRuns: 12, seed: 2024 });
/** Of the forms of a chain: its options, and the types that signing adds to the apex. */
const FORMS: [string, Nsec3Options | undefined][] = [
  ['NSEC', undefined],
  ['NSEC3', {}],
  ['NSEC3 with salt and iterations', SALTED],
  ['NSEC3 with opt-out', { optOut: true }],
];

function compare(t: Test, sign: Signer, key: string, forms = FORMS): void {
  for (const [i, owners] of ZONES.entries())
    for (const [what, nsec3] of forms) {
      const zone = new TestZone(ORIGIN, owners, nsec3 ? [TYPE.NSEC3PARAM] : []);
      const file = join(folder, `zone${i}`);
      writeFileSync(file, zoneText(zone));
      const theirs = show(rrsetsOf(records(sign(file, key, nsec3))));
      t.same(theirs, show(nsec3 ? zone.nsec3(nsec3) : zone.nsec()), `zone ${i}, ${what}`);
    }
}

t.test('ldns-signzone', { skip: missing('ldns-signzone') || missing('ldns-keygen') }, async (t) => {
  const args = ['-a', 'ECDSAP256SHA256', 'example.'];
  const key = execFileSync(findTool('ldns-keygen')!, args, { cwd: folder }).toString().trim();
  // It sets the flag of opt-out, but leaves nothing out.
  compare(t, ldns, key, FORMS.slice(0, -1));
});

t.test('dnssec-signzone', { skip: missing('dnssec-signzone') || missing('dnssec-keygen') }, async (t) => {
  const args = ['-q', '-a', 'ECDSAP256SHA256', '-K', folder, 'example.'];
  const key = execFileSync(findTool('dnssec-keygen')!, args, { cwd: folder }).toString().trim();
  compare(t, bind, key);
});
