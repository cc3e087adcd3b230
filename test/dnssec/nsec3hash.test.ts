import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { Nsec3Hashes, nsec3Hash } from '../../src/dnssec/nsec3hash.ts';
import { BUDGET_NSEC3_BLOCKS, Budget } from '../../src/resolver/budget.ts';
import { fromHex, toBase32Hex, toHex } from '../../src/wire/base.ts';
import { nameToText } from '../../src/wire/name.ts';
import { missing } from '../support/servers.ts';
import { findTool } from '../support/tools.ts';
import { hashLabel, hashOf, type Labels, WORK_WITHOUT_END, wire } from './chains.ts';
import { CountedWork } from './support.ts';
import { name } from './zones.ts';

const text = (hash: Uint8Array | undefined): string => toBase32Hex(hash!).toLowerCase();

t.test('RFC 5155 appendix A', async (t) => {
  const parameters = { iterations: 12, salt: fromHex('aabbccdd')! };
  const table: [string, string][] = [
    ['example.', '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom'],
    ['a.example.', '35mthgpgcu1qg68fab165klnsnk3dpvl'],
    ['ai.example.', 'gjeqe526plbf1g8mklp59enfd789njgi'],
    ['ns1.example.', '2t7b4g4vsa5smi47k61mv5bv1a22bojr'],
    ['ns2.example.', 'q04jkcevqvmu85r014c7dkba38o0ji5r'],
    ['w.example.', 'k8udemvp1j2f7eg6jebps17vp3n8i58h'],
    ['*.w.example.', 'r53bq7cc2uvmubfu5ocmm6pers9tk9en'],
    ['x.w.example.', 'b4um86eghhds6nea196smvmlo4ors995'],
    ['y.w.example.', 'ji6neoaepv8b5o6k4ev33abha8ht9fgc'],
    ['x.y.w.example.', '2vptu5timamqttgl4luu9kg21e0aor3s'],
    ['xx.example.', 't644ebqk9bibcna874givr6joj62mlhv'],
    ['2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.', 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi'],
  ];
  for (const [owner, hash] of table) {
    t.equal(text(nsec3Hash(name(owner), parameters, WORK_WITHOUT_END)), hash, owner);
    t.equal(text(nsec3Hash(name(owner.toUpperCase()), parameters, WORK_WITHOUT_END)), hash);
  }
});

const labels: fc.Arbitrary<Labels> = fc
  .array(fc.uint8Array({ minLength: 1, maxLength: 24 }), { maxLength: 9 })
  .map((list) => list.map((label) => Buffer.from(label).toString('latin1')));
const parameters = fc.record({ iterations: fc.nat(20), salt: fc.uint8Array({ maxLength: 70 }) });

t.test('any name, as OpenSSL chains it', async () => {
  fc.assert(
    fc.property(labels, parameters, (list, given) => {
      const ours = nsec3Hash(wire(list), given, WORK_WITHOUT_END);
      if (text(ours) !== hashLabel(hashOf(list, given))) throw new Error(nameToText(wire(list)));
    }),
    { numRuns: 500, seed: 1 },
  );
});

/** Names without octets that a tool's reading of text might see otherwise. */
const plain = fc.array(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,11}$/), { minLength: 1, maxLength: 6 });

function samples(count: number): { owner: string; iterations: number; salt: Uint8Array }[] {
  const salt = fc.uint8Array({ minLength: 1, maxLength: 64 });
  const sample = fc.record({
    owner: plain.map((list) => `${list.join('.')}.`),
    iterations: fc.nat(60),
    salt,
  });
  return fc.sample(sample, { numRuns: count, seed: 5155 });
}

t.test('ldns-nsec3-hash', { skip: missing('ldns-nsec3-hash') }, async (t) => {
  for (const { owner, iterations, salt } of samples(40)) {
    const args = ['-a', '1', '-t', String(iterations), '-s', toHex(salt), owner];
    const out = execFileSync(findTool('ldns-nsec3-hash')!, args).toString();
    t.equal(`${text(nsec3Hash(name(owner), { iterations, salt }, WORK_WITHOUT_END))}.`, out.trim(), owner);
  }
});

t.test("BIND's nsec3hash", { skip: missing('nsec3hash') }, async (t) => {
  for (const { owner, iterations, salt } of samples(40)) {
    const args = [toHex(salt), '1', String(iterations), owner];
    const out = execFileSync(findTool('nsec3hash')!, args).toString();
    const ours = nsec3Hash(name(owner), { iterations, salt }, WORK_WITHOUT_END);
    t.equal(text(ours).toUpperCase(), out.split(' ')[0], owner);
  }
});

/** The padded length by FIPS 180-4, written out. */
function blocksOf(octets: number): number {
  let padded = octets + 1;
  while (padded % 64 !== 56) padded++;
  return (padded + 8) / 64;
}

t.test('each call of the compression function is paid for', async () => {
  fc.assert(
    fc.property(labels, parameters, (list, given) => {
      const work = new CountedWork();
      nsec3Hash(wire(list), given, work);
      const first = blocksOf(wire(list).length + given.salt.length);
      const all = first + given.iterations * blocksOf(20 + given.salt.length);
      if (work.blocks !== all) throw new Error(`${work.blocks} paid for ${all}`);
    }),
    { numRuns: 500, seed: 2 },
  );
});

t.test('what cannot be paid for is not hashed', async (t) => {
  const budget = new Budget(0);
  const hash = (iterations: number, salt: number) =>
    nsec3Hash(name('a.example.'), { iterations, salt: new Uint8Array(salt) }, budget);
  t.equal(hash(65_535, 255), undefined);
  t.equal(budget.left.nsec3Blocks, BUDGET_NSEC3_BLOCKS, 'and costs nothing');
  t.ok(hash(50, 0));
  t.equal(budget.left.nsec3Blocks, BUDGET_NSEC3_BLOCKS - 51);
  t.equal(hash(50, 64), undefined, 'two blocks each');
});

t.test('a name is paid for once', async (t) => {
  const work = new CountedWork(4);
  const hashes = new Nsec3Hashes(work);
  const none = { iterations: 0, salt: new Uint8Array(0) };
  for (const text of ['a.', 'A.', 'a.']) t.ok(hashes.of(name(text), none));
  t.equal(work.blocks, 1);
  t.ok(hashes.of(name('a.'), { ...none, iterations: 1 }), 'other parameters are another hash');
  t.equal(work.blocks, 3);
  t.notOk(hashes.exhausted);
  t.notOk(hashes.of(name('b.'), { ...none, iterations: 9 }));
  t.ok(hashes.exhausted);
  t.notOk(hashes.of(name('b.'), none), 'one that is cheap enough neither');
  t.equal(work.blocks, 3);
  t.ok(hashes.of(name('a.'), none), 'what is known stays known');
});

t.test('nothing else hashes for NSEC3', async (t) => {
  const root = join(import.meta.dirname, '../../src');
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const text = (path: string): string => readFileSync(join(root, path), 'utf8');
  t.same(
    sources.filter((path) => /\bnsec3Hash\b/.test(text(path))),
    ['dnssec/nsec3hash.ts'],
    'all others go by way of Nsec3Hashes',
  );
  const hashing = /'sha-?1'/i;
  t.ok(sources.includes('dnssec/nsec3hash.ts') && hashing.test(text('dnssec/nsec3hash.ts')));
});
