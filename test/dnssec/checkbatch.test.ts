/** Signature checks on their way to another thread: the verdicts are those that would be given here. */
import fc from 'fast-check';
import t from 'tap';
import { algorithmTable } from '../../src/dnssec/algorithm.ts';
import { canonicalRdatas, signedData } from '../../src/dnssec/canonical.ts';
import { BatchWriter, checksOf, PIECE, readVerdict, verdictsOf } from '../../src/dnssec/checkbatch.ts';
import { KeyStore, readDnskey } from '../../src/dnssec/key.ts';
import { readRrsig } from '../../src/dnssec/rrsig.ts';
import { type SignatureCheck, type Verdict, verdictOf } from '../../src/dnssec/signaturecheck.ts';
import { makeKey, signRrset } from '../support/sign.ts';
import { name, rrset } from './zones.ts';

const ALGORITHMS = algorithmTable({ sha1: true });
const keys = [5, 7, 8, 10, 13, 14, 15, 16].map((algorithm) =>
  makeKey(name('example.'), { algorithm, bits: 1024 }),
);
const store = new KeyStore();

/** A true signature of one of `keys`; `data` is a copy. */
function checkBy(which: number, number: number): SignatureCheck {
  const key = keys[which % keys.length]!;
  const set = rrset(`w${number}.example. 300 A 192.0.2.1`);
  const sig = readRrsig(signRrset(set, key))!;
  const data = signedData(set, canonicalRdatas(set.type, set.rdatas), sig).slice();
  const algorithm = ALGORITHMS.get(sig.algorithm)!;
  return { algorithm, key: store.of(readDnskey(key.rdata)!)!, data, signature: sig.signature };
}

type Change = 'none' | 'data' | 'signature' | 'short signature' | 'no signature' | 'key' | 'short key';

function changed(check: SignatureCheck, change: Change, at: number): SignatureCheck {
  const flip = (octets: Uint8Array): Uint8Array => {
    const out = octets.slice();
    out[at % out.length]! ^= 1 << (at & 7);
    return out;
  };
  switch (change) {
    case 'none':
      return check;
    case 'data':
      return { ...check, data: flip(check.data) };
    case 'signature':
      return { ...check, signature: flip(check.signature) };
    case 'short signature':
      return { ...check, signature: check.signature.subarray(1) };
    case 'no signature':
      return { ...check, signature: new Uint8Array(0) };
    case 'key': {
      // The algorithm is the asker's to say, and is not the key's to change.
      const octets = Uint8Array.of(check.key.octets[0]!, ...flip(check.key.octets.subarray(1)));
      return { ...check, key: store.at(octets, 0, octets.length) };
    }
    case 'short key':
      return { ...check, key: store.at(check.key.octets, 0, check.key.octets.length - 1) };
  }
}

function verdictsBy(batch: Uint8Array): Verdict[] {
  return [...verdictsOf(batch, new KeyStore())].flatMap((piece) => [...piece].map(readVerdict));
}

const CHANGES = fc.constantFrom<Change>(
  'none',
  'none',
  'data',
  'signature',
  'short signature',
  'no signature',
  'key',
  'short key',
);

t.test('of any checks the verdicts are those that are given here', async (t) => {
  const writer = new BatchWriter();
  const seen = new Set<Verdict>();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(100), fc.nat(100), CHANGES, fc.nat()), { maxLength: 40 }),
      (wanted) => {
        const checks = wanted.map(([which, number, change, at]) =>
          changed(checkBy(which, number), change, at),
        );
        for (const check of checks) writer.add(check);
        const verdicts = verdictsBy(writer.finish());
        t.same(verdicts, checks.map(verdictOf));
        for (const verdict of verdicts) seen.add(verdict);
      },
    ),
    { numRuns: 100, seed: 4035 },
  );
  t.equal(seen.size, 3, 'good ones, bad ones and broken keys');
});

t.test('what is too large for a batch, and for any', async (t) => {
  const writer = new BatchWriter();
  const check = checkBy(4, 1);
  const large = (octets: number): SignatureCheck => ({ ...check, data: new Uint8Array(octets).fill(7) });
  t.equal(writer.add(large(1_000_000)), 'large');
  t.equal(writer.add(large(4_000)), 'large', 'with its key and signature');
  let added = 0;
  while (writer.add(large(3_900)) === 'added') added++;
  t.equal(added, 16);
  t.equal(writer.add(large(3_900)), 'full');
  while (writer.add(check) === 'added') added++;
  t.ok(added > 16, 'a small one still has room');
  t.same(verdictsBy(writer.finish()), [...Array(16).fill('bad'), ...Array(added - 16).fill('good')]);
  t.equal(writer.finish().length, 0);
  t.equal(writer.add(large(3_900)), 'added');
});

t.test('verdicts come a few at a time, and what is read is what was written', async (t) => {
  const writer = new BatchWriter();
  const checks = Array.from({ length: 2 * PIECE + 1 }, (_, i) => checkBy(6, i));
  for (const check of checks) writer.add(check);
  const batch = writer.finish();
  const pieces = [...verdictsOf(batch, new KeyStore())];
  t.same(
    pieces.map(({ length }) => length),
    [PIECE, PIECE, 1],
  );
  const read = [...checksOf(batch, new KeyStore())];
  const plain = ({ algorithm, key, data, signature }: SignatureCheck): unknown => [
    algorithm.name,
    Buffer.from(key.octets).toString('hex'),
    Buffer.from(data).toString('hex'),
    Buffer.from(signature).toString('hex'),
  ];
  t.same(read.map(plain), checks.map(plain));
});

t.test('keys of a batch are imported once, and none holds its batch', async (t) => {
  const writer = new BatchWriter();
  const keysThere = new KeyStore();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5; i++) t.equal(writer.add(checkBy(4, i)), 'added');
    const used = [...checksOf(writer.finish(), keysThere)].map(({ key }) => key);
    t.equal(new Set(used).size, 1);
    t.ok(used[0]!.octets.buffer.byteLength === used[0]!.octets.length);
  }
});
