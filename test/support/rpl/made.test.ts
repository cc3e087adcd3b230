/** Keys, digests, signatures and hashes that scenario files leave to be made, against ldns-verify-zone. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findTool } from '../tools.ts';
import { withMade } from './made.ts';

const section = (...lines: readonly string[]): string[] =>
  withMade(['SECTION ANSWER', ...lines, 'ENTRY_END'].join('\n'))
    .split('\n')
    .slice(1, -1);

const ZONE = [
  'example. 3600 IN SOA ns.example. host.example. 1 7200 900 1209600 300',
  'example. 3600 IN NS ns.example.',
  'example. 3600 IN DNSKEY 257 3 13 *',
  'example. 3600 IN DNSKEY 256 3 13 *zone',
  'example. 300 IN NSEC ns.example. NS SOA RRSIG NSEC DNSKEY',
  'ns.example. 3600 IN A 192.0.2.1',
  'ns.example. 3600 IN A 192.0.2.2',
  'ns.example. 300 IN NSEC sub.example. A RRSIG NSEC',
  'sub.example. 3600 IN NS ns.example.',
  'sub.example. 3600 IN DS * 13 2 *',
  'sub.example. 300 IN NSEC example. NS DS RRSIG NSEC',
];
const SIGNATURES = [
  ...['SOA', 'NS', 'DNSKEY'].map((type) => `example. 3600 IN RRSIG ${type} * example.`),
  'example. 300 IN RRSIG NSEC *zone example. flags=256',
  'ns.example. 3600 IN RRSIG A *zone example. flags=256',
  'ns.example. 300 IN RRSIG NSEC * example.',
  'sub.example. 3600 IN RRSIG DS * example.',
  'sub.example. 300 IN RRSIG NSEC * example.',
];

const verifier = findTool('ldns-verify-zone');
t.test('a zone as a section, by one who did not make it', { skip: !verifier && 'ldnsutils' }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-made-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const verify = (lines: readonly string[]): string => {
    const file = join(folder, 'zone');
    writeFileSync(file, `${section(...lines).join('\n')}\n`);
    try {
      return execFileSync(verifier!, ['-V', '1', file], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      return `bad: ${(error as { stderr: string }).stderr}`;
    }
  };
  t.equal(verify([...ZONE, ...SIGNATURES]), '');
  const spoilt = SIGNATURES.map((line) => line.replace('RRSIG A *zone example.', '$& as=x.example.'));
  t.match(verify([...ZONE, ...spoilt]), /^bad: .*Bogus .* ns\.example/s);
  const short = SIGNATURES.map((line) => line.replace('RRSIG NS * example.', '$& to=20200920000000'));
  t.match(verify([...ZONE, ...short]), /^bad: .*expired/s);
  t.end();
});

t.test('what is the same is made the same, and the words say what is not', (t) => {
  const a = (...words: readonly string[]): string =>
    section('a.example. 60 IN A 192.0.2.1', `a.example. IN RRSIG A * example. ${words.join(' ')}`)[1]!;
  t.match(a(), /^a\.example\. IN RRSIG A 13 2 60 20330518033320 20200913122640 \d+ example\. \S{86}==/);
  const words = ['labels=1', 'ttl=300', 'to=20240102030405', 'from=20240101000000', 'algorithm=200'];
  t.match(a(...words), /RRSIG A 200 1 300 20240102030405 20240101000000 \d+ example\. \S{86}==/);
  const twice = ['ENTRY_BEGIN', 'SECTION ANSWER'].flatMap((line) => [
    line,
    'a.example. 60 IN A 192.0.2.1',
    'a.example. IN RRSIG A * example.',
  ]);
  t.equal(new Set(withMade(twice.join('\n')).split('\n')).size, 2 + 2, 'one signature, wherever it stands');
  t.throws(() => a('size=1'), /size/);
  t.throws(() => section('a.example. IN RRSIG A * example.'), /a\.example\. A/);
  t.end();
});

t.test('hashes of names (RFC 5155 appendix A), and one more or less', (t) => {
  const [exact] = section('nsec3(example,12,aabbccdd).example. IN A 192.0.2.1');
  t.equal(exact, '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. IN A 192.0.2.1');
  const [both] = section(
    'nsec3(a.example,12,aabbccdd)-1.example. IN NSEC3 1 0 12 aabbccdd nsec3(a.example,12,aabbccdd)+1',
  );
  t.equal(
    both,
    '35mthgpgcu1qg68fab165klnsnk3dpvk.example. IN NSEC3 1 0 12 aabbccdd 35mthgpgcu1qg68fab165klnsnk3dpvm',
  );
  t.end();
});

t.test('all else stays, line by line', (t) => {
  const text = '  *.example. IN A 192.0.2.1\n; example. IN DS * 13 2 *\n\n# nsec3(x)\n';
  t.equal(withMade(text), text);
  t.match(
    withMade('  trust-anchor: "example. IN DS * 13 2 *"'),
    /^ {2}trust-anchor: "example\. IN DS \d+ 13 2 [0-9A-F]{64}"$/,
  );
  t.end();
});
