/** What the records of random zones prove is true, whichever of them are shown; and all that is true is proven. */
import fc from 'fast-check';
import t from 'tap';
import {
  type Evidence,
  type NoDs,
  type Proof,
  proveNameError,
  proveNoData,
  proveNoDs,
  proveWildcard,
} from '../../src/dnssec/denial.ts';
import { Nsec3Hashes } from '../../src/dnssec/nsec3hash.ts';
import { TYPE } from '../../src/wire/constants.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { LONG } from '../support/long.ts';
import {
  isDelegation,
  isNoData,
  type Labels,
  names,
  nsec3At,
  nsec3Shown,
  type Owner,
  randomOwners,
  TestZone,
  type Truth,
  TYPES,
  WORK_WITHOUT_END,
  wire,
} from './chains.ts';

const EFFORT = LONG ? 50 : 1;
const ORIGIN: Labels = ['Example'];

interface Claim {
  readonly what: 'no name' | 'no data' | 'wildcard' | 'cut' | 'no cut';
  /** Of this zone, or, for `wildcard`, of the name that must not exist. */
  readonly truth: Truth;
  readonly isTrue: boolean;
  readonly prove: (e: Evidence) => Proof | NoDs;
  readonly text: string;
  /** The name that must not exist: only where it is not that of the question. */
  readonly nextCloser?: Labels;
}

/** Everything that can be claimed of a name. */
function claims(zone: TestZone, labels: Labels): Claim[] {
  const truth = zone.truth(labels);
  const name = wire([...labels, ...zone.origin]);
  const isCut = truth.kind === 'node' && isDelegation(truth.types);
  const isInside = truth.kind !== 'beyond' && labels.length > 0;
  const claim = (what: Claim['what'], isTrue: boolean, prove: Claim['prove'], detail = ''): Claim => ({
    ...{
      what,
      truth,
      isTrue,
      prove,
      text: `${JSON.stringify(labels)}: ${what} ${detail}, which is ${isTrue}`,
    },
  });
  return [
    claim('no name', truth.kind === 'none', (e) => proveNameError(name, e)),
    ...TYPES.map((type) =>
      claim('no data', isNoData(truth, labels, type), (e) => proveNoData(name, type, e), `of type ${type}`),
    ),
    ...labels.map((_, i) => {
      const [nextCloser, encloser] = [labels.slice(i), labels.slice(i + 1)];
      const next = zone.truth(nextCloser);
      const isTrue = next.kind === 'none' || next.kind === 'wildcard';
      const prove: Claim['prove'] = (e) => proveWildcard(name, wire([...encloser, ...zone.origin]), e);
      return { ...claim('wildcard', isTrue, prove, JSON.stringify(encloser)), truth: next, nextCloser };
    }),
    claim('cut', isCut && !truth.types.includes(TYPE.DS), (e) => proveNoDs(name, e)),
    claim('no cut', isInside && !isCut, (e) => proveNoDs(name, e)),
  ];
}

/** Whether the claim is proven, in full or up to an opt-out; undefined: it is not. */
function judge(claim: Claim, e: Evidence): 'secure' | 'insecure' | undefined {
  const { status } = claim.prove(e);
  switch (status) {
    case 'secure':
    case 'insecure':
      return status;
    case 'cut':
      return claim.what === 'cut' ? 'secure' : undefined;
    case 'no-cut':
      return claim.what === 'no cut' ? 'secure' : undefined;
    case 'opt-out':
      return 'insecure';
    case 'bogus':
    case 'exhausted':
      return undefined;
  }
}

class Tally {
  readonly #counts = new Map<string, number>();
  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
  /** What was seen often enough to mean something. */
  get usual(): string[] {
    return [...this.#counts].flatMap(([what, count]) => (count >= 10 ? [what] : [])).sort();
  }
}

const EVERY_CLAIM = ['cut', 'no cut', 'no data', 'no name', 'wildcard'];

function evidenceOf(): (rrsets: readonly Rrset[]) => Evidence {
  const hashes = new Nsec3Hashes(WORK_WITHOUT_END);
  return (rrsets) => ({ zone: wire(ORIGIN), rrsets, work: WORK_WITHOUT_END, hashes });
}

function forEachClaim(
  owners: readonly Owner[],
  fn: (zone: TestZone, labels: Labels, claim: Claim) => void,
): void {
  const zone = new TestZone(ORIGIN, owners);
  for (const labels of names(zone)) for (const claim of claims(zone, labels)) fn(zone, labels, claim);
}

function run(property: fc.IProperty<unknown>, numRuns: number): void {
  fc.assert(property, { numRuns: numRuns * EFFORT, seed: 5155 });
}

/** Random zones, and choices of a few records of a chain. */
const zonesAndPicks = fc.tuple(
  randomOwners,
  fc.array(fc.array(fc.nat(63), { minLength: 1, maxLength: 4 }), { minLength: 5, maxLength: 5 }),
);

function choicesOf(chain: readonly Rrset[], picks: readonly (readonly number[])[]): Rrset[][] {
  const some = picks.map((pick) => [...new Set(pick.map((n) => chain[n % chain.length]!))]);
  return [chain.slice(), ...some];
}

t.test('NSEC: what is true is proven by the whole chain, and again by what that used', async (t) => {
  const tally = new Tally();
  const property = fc.property(randomOwners, (owners) => {
    const chain = new TestZone(ORIGIN, owners).nsec();
    const evidence = evidenceOf();
    forEachClaim(owners, (_zone, _labels, claim) => {
      const isProven = judge(claim, evidence(chain)) === 'secure';
      if (isProven !== claim.isTrue) throw new Error(claim.text);
      if (!isProven) return;
      tally.add(claim.what);
      const proof = claim.prove(evidence(chain));
      const used = 'used' in proof ? proof.used : [];
      if (used.length < 1 || used.length > 2) throw new Error(`${claim.text}: ${used.length} records`);
      if (judge(claim, evidence(used)) !== 'secure') throw new Error(`${claim.text}: not again`);
    });
  });
  run(property, 60);
  t.same(tally.usual, EVERY_CLAIM);
});

t.test('NSEC: no choice of records proves what is false', async (t) => {
  const tally = new Tally();
  const property = fc.property(zonesAndPicks, ([owners, picks]) => {
    const choices = choicesOf(new TestZone(ORIGIN, owners).nsec(), picks);
    const evidence = evidenceOf();
    forEachClaim(owners, (_zone, _labels, claim) => {
      if (claim.isTrue) return;
      tally.add(claim.what);
      const wrong = choices.find((records) => judge(claim, evidence(records)) !== undefined);
      if (wrong !== undefined) throw new Error(claim.text);
    });
  });
  run(property, 40);
  t.same(tally.usual, EVERY_CLAIM);
});

t.test('NSEC3: what is true is proven by what a server shows', async (t) => {
  const tally = new Tally();
  const options = { iterations: 1, salt: Uint8Array.of(0xab) };
  const property = fc.property(randomOwners, (owners) => {
    const chain = new TestZone(ORIGIN, owners).nsec3(options);
    const evidence = evidenceOf();
    forEachClaim(owners, (zone, labels, claim) => {
      // What is below a cut has no hash in the chain. No signature of this zone is there to ask it about.
      if (claim.what === 'wildcard' && claim.truth.kind === 'beyond') return;
      const records = claim.nextCloser
        ? [nsec3At(chain, zone, claim.nextCloser, options)]
        : nsec3Shown(chain, zone, labels, options);
      if ((judge(claim, evidence(records)) === 'secure') !== claim.isTrue) throw new Error(claim.text);
      if (claim.isTrue) tally.add(claim.what);
    });
  });
  run(property, 40);
  t.same(tally.usual, EVERY_CLAIM);
});

t.test('NSEC3: no choice of records proves what is false', async (t) => {
  const tally = new Tally();
  const property = fc.property(zonesAndPicks, ([owners, picks]) => {
    const chain = new TestZone(ORIGIN, owners).nsec3();
    const choices = choicesOf(chain, picks);
    const evidence = evidenceOf();
    forEachClaim(owners, (zone, labels, claim) => {
      if (claim.isTrue || (claim.what === 'wildcard' && claim.truth.kind === 'beyond')) return;
      tally.add(claim.what);
      const shown = nsec3Shown(chain, zone, labels);
      for (const records of [shown, shown.slice(1), ...choices])
        if (judge(claim, evidence(records)) !== undefined) throw new Error(claim.text);
    });
  });
  run(property, 20);
  t.same(tally.usual, EVERY_CLAIM);
});

t.test('NSEC3 with opt-out: what is not signed is never secure, what is signed never insecure', async (t) => {
  const tally = new Tally();
  const options = { optOut: true };
  const property = fc.property(zonesAndPicks, ([owners, picks]) => {
    const zone = new TestZone(ORIGIN, owners);
    const signed = zone.withoutInsecureCuts();
    const chain = zone.nsec3(options);
    const choices = choicesOf(chain, picks);
    const evidence = evidenceOf();
    forEachClaim(owners, (_zone, labels, claim) => {
      if (claim.what === 'wildcard' && claim.truth.kind === 'beyond') return;
      const inSigned = signed.truth(labels).kind;
      const all = [nsec3Shown(chain, zone, labels, options), ...choices];
      for (const verdict of all.map((records) => judge(claim, evidence(records)))) {
        if (verdict !== undefined) tally.add(`${claim.what} ${verdict}`);
        if (verdict === 'secure' && !claim.isTrue) throw new Error(claim.text);
        // Names that the chain knows, and only these, are beyond doubt.
        if (verdict === 'insecure' && inSigned === 'node' && claim.what !== 'wildcard')
          throw new Error(`${claim.text}: insecure`);
      }
    });
  });
  run(property, 15);
  t.same(
    tally.usual,
    ['cut insecure', 'no cut insecure', 'no cut secure', 'no data insecure', 'no data secure'].concat(
      'no name insecure',
      'wildcard insecure',
    ),
  );
});
