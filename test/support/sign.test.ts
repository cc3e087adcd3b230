/** The signer of the tests against verifiers that nobody here wrote: ldns-verify-zone and BIND's dnssec-verify. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import type { Rr } from '../../src/wire/record.ts';
import { rrToText } from '../../src/wire/text/print.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';
import { missing } from './servers.ts';
import { dsOf, makeKey, type SigningKey, type SignZoneOptions, signZone, tagOf } from './sign.ts';

const ORIGIN = nameFromText('example.');

/** Empty non-terminals, a wildcard, secure and insecure delegations with glue, a DNAME, upper case, many types. */
const ZONE = `
@          3600 SOA ns.example. Admin.Example. 1 3600 900 604800 300
@          3600 NS  ns
@          3600 NS  NS2.Other.
@          3600 MX  10 MAIL
NS         3600 A   192.0.2.1
ns         3600 A   192.0.2.254
mail       3600 AAAA 2001:db8::1
*.wild     300  TXT "x" "y"
a.b.c.ent  300  A   192.0.2.3
cut        3600 NS  ns.cut
cut        3600 DS  1 13 2 ${'0A'.repeat(32)}
ns.cut     3600 A   192.0.2.4
unsigned   3600 NS  ns.deep.unsigned
ns.deep.unsigned 3600 A 192.0.2.5
under.ent2 3600 NS  ns
alias      300  CNAME Mail
old        300  DNAME New
srv        300  SRV 1 2 3 Mail
`;

function records(text: string): Rr[] {
  const out: Rr[] = [];
  const errors = parseZone(text, { origin: ORIGIN, file: 'zone', onRecord: (rr) => out.push(rr) });
  if (errors.length > 0) throw new Error(errors[0]!.message);
  return out;
}

const folder = mkdtempSync(join(tmpdir(), 'causeway-sign-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function write(rrs: readonly Rr[]): string {
  const path = join(folder, `zone${files++}`);
  writeFileSync(path, rrs.map((rr) => `${rrToText(rr)}\n`).join(''));
  return path;
}

/** Output of a verifier that fails, or 'good'. */
async function run(program: string, ...args: string[]): Promise<string> {
  try {
    await promisify(execFile)(program, args);
    return 'good';
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${program}: ${stdout}${stderr}`;
  }
}

const verdicts = async (path: string): Promise<string[]> => [
  await run('ldns-verify-zone', '-V', '1', path),
  await run('dnssec-verify', '-q', '-o', 'example.', path),
];

const keyPair = (algorithm: number): SigningKey[] => [
  makeKey(ORIGIN, { algorithm, flags: 257 }),
  makeKey(ORIGIN, { algorithm }),
];

const DENIALS: readonly (readonly [string, SignZoneOptions['denial']])[] = [
  ['NSEC', 'nsec'],
  ['NSEC3', {}],
  ['NSEC3 with salt and iterations', { salt: Uint8Array.of(0xaa, 0xbb), iterations: 5 }],
];

t.test(
  'zones that are signed here are good for others',
  { skip: missing('ldns-verify-zone', 'dnssec-verify') },
  async (t) => {
    for (const algorithm of [8, 10, 13, 14, 15, 16])
      t.same(
        await verdicts(write(signZone(records(ZONE), { keys: keyPair(algorithm) }))),
        ['good', 'good'],
        `${algorithm}`,
      );
    const keys = keyPair(13);
    for (const [name, denial] of DENIALS)
      t.same(
        await verdicts(write(signZone(records(ZONE), { keys, denial: denial! }))),
        ['good', 'good'],
        name,
      );
    // ldns-verify-zone does not know opt-out, as its manual says.
    const optOut = write(signZone(records(ZONE), { keys, denial: { optOut: true } }));
    t.equal(await run('dnssec-verify', '-q', '-o', 'example.', optOut), 'good', 'opt-out');
    const single = write(signZone(records(ZONE), { keys: [makeKey(ORIGIN, { flags: 257 })] }));
    t.equal(await run('dnssec-verify', '-q', '-z', '-o', 'example.', single), 'good', 'one key for all');
  },
);

t.test(
  'and bad where they are to be bad',
  { skip: missing('ldns-verify-zone', 'dnssec-verify') },
  async (t) => {
    const bad = signZone(records(ZONE), {
      keys: keyPair(13),
      override: (rrset) => (rrset.type === TYPE.MX ? { signature: new Uint8Array(64) } : undefined),
    });
    for (const verdict of await verdicts(write(bad))) t.not(verdict, 'good');
    const late = signZone(records(ZONE), { keys: keyPair(13), expiration: 1_600_000_100 });
    for (const verdict of await verdicts(write(late))) t.not(verdict, 'good');
  },
);

t.test(
  'keys of a seed are the same each time, and their tags and digests those of ldns',
  { skip: missing('ldns-key2ds') },
  async (t) => {
    for (const algorithm of [13, 14, 15, 16]) {
      const key = makeKey('example.', { algorithm, flags: 257, seed: 'a' });
      t.same(makeKey('example.', { algorithm, flags: 257, seed: 'a' }).rdata, key.rdata);
      t.notSame(makeKey('example.', { algorithm, flags: 257, seed: 'b' }).rdata, key.rdata);
      t.equal(tagOf(key.rdata), key.tag);
      const path = write([{ name: ORIGIN, type: TYPE.DNSKEY, class: 1, ttl: 300, rdata: key.rdata }]);
      for (const [option, type] of [
        ['-1', 1],
        ['-2', 2],
        ['-4', 4],
      ] as const) {
        const { stdout } = await promisify(execFile)('ldns-key2ds', ['-n', option, path]);
        t.same(records(stdout)[0]!.rdata, dsOf(key, type), `${nameToText(key.zone)} ${algorithm} ${type}`);
      }
    }
  },
);
