/**
 * Internets made at random: every answer is what the zones say, AD is set exactly where it is proven, and what is
 * bogus is answered with SERVFAIL. CAUSEWAY_LONG=1 tries many more of them.
 */
import t, { type Test } from 'tap';
import { EDE } from '../../../src/wire/constants.ts';
import { type GenerateOptions, generate, type Question } from '../../support/generate.ts';
import type { Internet } from '../../support/internet.ts';
import { LONG } from '../../support/long.ts';
import { finish } from '../../support/simnet.ts';
import {
  type Answered,
  type AskOptions,
  faultIn,
  type SimulateOptions,
  simulate,
} from '../../support/simulate.ts';

const SEEDS = LONG ? 6 : 1;
const ZONES = LONG ? 300 : 20;

interface Variant {
  readonly what: string;
  readonly generate?: Partial<GenerateOptions>;
  readonly simulate?: SimulateOptions;
  readonly ask?: AskOptions;
  /** So many at the same time. */
  readonly batch?: number;
  /** Milliseconds between questions: what was learned expires. */
  readonly pause?: number;
  /** Packets overtake each other and come twice. */
  readonly disorder?: true;
  /** Of a thousand questions so many may end without any answer, and are asked again once their failure is forgotten. */
  readonly unheardMax?: number;
}

/** What failed is remembered for less than that. */
const FORGOTTEN_MS = 60_000;

const VARIANTS: readonly Variant[] = [
  { what: 'as it comes' },
  { what: 'QNAME minimisation strict', simulate: { settings: { qnameMinimisation: 'strict' } } },
  { what: 'no QNAME minimisation', simulate: { settings: { qnameMinimisation: 'off' } } },
  { what: 'no aggressive NSEC', simulate: { settings: { aggressiveNsec: false } } },
  { what: 'no priming, no IPv6', simulate: { settings: { priming: false, ipv6: 'off' } } },
  { what: 'a cache that is far too small', simulate: { cacheBytes: 1 << 16 } },
  { what: '20 questions at a time', batch: 20 },
  { what: 'a minute between questions', pause: 60_000 },
  { what: 'packets late, twice and out of order', disorder: true },
  { what: 'CD=1: nothing is validated', ask: { checkingDisabled: true } },
  { what: '5 % of packets lost each way', generate: { loss: 0.05, lame: 0 }, unheardMax: 1 },
];

for (const [i, variant] of VARIANTS.entries())
  t.test(`${variant.what}: each answer is the truth`, async (t) => {
    let asked = 0;
    for (let seed = 1 + 1000 * i; seed <= SEEDS + 1000 * i; seed++) asked += await check(t, seed, variant);
    t.pass(`${asked} questions`);
  });

async function check(t: Test, seed: number, variant: Variant): Promise<number> {
  const { internet, questions } = generate({ seed, zones: ZONES, ...variant.generate });
  if (variant.disorder)
    for (const host of internet.hosts)
      for (const { to, from } of host.servers) {
        Object.assign(to, { jitter: 30, duplicates: 0.2 });
        Object.assign(from, { jitter: 30, duplicates: 0.2 });
      }
  const sim = simulate(internet, { seed, ...variant.simulate });
  const size = variant.batch ?? 1;
  let unheard = 0;
  for (let at = 0; at < questions.length; at += size) {
    const batch = questions.slice(at, at + size);
    const answers = batch.map(({ name, type }) => sim.start(name, type, variant.ask));
    const given = await finish(internet.clock, Promise.all(answers));
    for (const [n, question] of batch.entries()) {
      if (variant.unheardMax !== undefined && isUnheard(given[n]!)) {
        unheard++;
        await sim.pass(FORGOTTEN_MS);
        given[n] = await sim.ask(question.name, question.type, variant.ask);
      }
      const truths = allowed(internet.truth(question.name, question.type), variant);
      const faults = truths.map((truth) => faultIn(given[n]!, truth));
      const fault = faults.includes(undefined) ? undefined : faults[0];
      if (fault !== undefined && !isHiddenProof(internet, question, given[n]!))
        t.fail(`seed ${seed}: ${question.name} ${question.type}: ${fault}`);
    }
    if (variant.pause !== undefined) await sim.pass(variant.pause);
  }
  const unheardMax = Math.ceil(((variant.unheardMax ?? 0) * questions.length) / 1000);
  if (unheard > unheardMax) t.fail(`seed ${seed}: ${unheard} of ${questions.length} ended unheard`);
  return questions.length;
}

/** Each of its packets, or of the replies to them, was lost. */
function isUnheard({ rcode, ede }: Answered): boolean {
  return rcode === 'SERVFAIL' && ede.some(({ code }) => code === EDE.NO_REACHABLE_AUTHORITY);
}

/** A server keeps back the proof that there is no DS; another answer may have brought the same NSEC3 (RFC 8198). */
function isHiddenProof(internet: Internet, question: Question, { rcode, ad, answer }: Answered): boolean {
  if (question.type !== 'DS' || internet.faultOf(question.name) !== 'missing-ds-proof') return false;
  return rcode === 'NOERROR' && ad && answer.length === 0;
}

type Truth = Parameters<typeof faultIn>[1];

/** Who says CD gets what there is, and no word on whether it is true, unless it was validated by a prefetch. */
function allowed(truth: Truth, variant: Variant): Truth[] {
  return variant.ask?.checkingDisabled ? [{ ...truth, security: 'insecure' }, truth] : [truth];
}
