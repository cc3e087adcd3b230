import t from 'tap';
import { HealthBits } from '../../src/util/healthbits.ts';
import { type Prng, SeededPrng } from '../../src/util/prng.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameToText } from '../../src/wire/name.ts';
import type { RecordSet } from '../../src/zone/recordset.ts';
import { deviation } from '../support/chisquare.ts';
import { type CidrCollection, type Circumstances, possibleAnswers } from '../support/routing.ts';
import { type Question, randomClient, randomFailures, randomQuestion } from '../support/routingclients.ts';
import { showSets, smallestFailing } from '../support/routingrules.ts';
import { CLIENTS, inZone, multivalue, on, REGIONS, to, weighted } from '../support/routingsets.ts';
import { policyRows, type Row } from '../support/routingtable.ts';
import { treeRows } from '../support/routingtrees.ts';
import { HEALTH_CHECKS, randomZone } from '../support/routingzones.ts';
import { isAmong, keyOf, RoutedZone, sharesOf, type Told } from './routingasker.ts';

const ZONES = 2_000;
const QUESTIONS = 50;
/** Of which shares are counted. */
const TREES = 150;
/** Random numbers that one question of the table is asked with. */
const DRAWS = 200;

/** Of the health checks that the table names. */
const SLOTS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

function circumstancesOf(row: Row): Circumstances {
  return {
    client: row.client ?? CLIENTS.nobody,
    isHealthy: (slot) => !(row.unhealthy ?? []).includes(slot),
    collections: [row.collection ?? []],
    home: REGIONS['eu-central-1']!,
  };
}

t.test('the table of choices', async (t) => {
  const prng = new SeededPrng(1);
  for (const row of [...policyRows, ...treeRows]) {
    const circumstances = circumstancesOf(row);
    const zone = new RoutedZone(row.sets, circumstances.collections);
    const question = { name: inZone(row.ask ?? 'www'), type: TYPE.TXT };
    const outcomes = possibleAnswers(row.sets, question.name, question.type, circumstances);
    const wrong = Array.from({ length: DRAWS }, () =>
      zone.ask(question, circumstances, SLOTS, prng.u32()),
    ).filter((told) => !isAmong(outcomes, told));
    t.same(wrong, [], row.what);
  }
});

t.test('agrees with the documentation read literally', async (t) => {
  const prng = new SeededPrng(52);
  for (let i = 0; i < ZONES; i++) {
    const { sets, collections } = randomZone(prng);
    const zone = new RoutedZone(sets, collections);
    for (let asked = 0; asked < QUESTIONS; asked++) {
      const circumstances = randomCircumstances(prng, collections);
      const question = randomQuestion(prng, sets);
      const draw = prng.u32();
      const told = zone.ask(question, circumstances, HEALTH_CHECKS, draw);
      if (!isAmong(possibleAnswers(sets, question.name, question.type, circumstances), told)) {
        t.fail(report(sets, question, circumstances));
        return;
      }
    }
  }
  t.pass(`${ZONES * QUESTIONS} questions`);
});

function randomCircumstances(prng: Prng, collections: readonly CidrCollection[]): Circumstances {
  const failures = randomFailures(prng, HEALTH_CHECKS);
  const isHealthy = (slot: number): boolean => !failures.has(slot);
  return { client: randomClient(prng, collections), isHealthy, collections, home: REGIONS['eu-west-1']! };
}

function report(sets: readonly RecordSet[], question: Question, at: Circumstances): string {
  const small = smallestFailing(sets, (sets) => answersWrongly(sets, question, at) !== undefined);
  const told = answersWrongly(small, question, at);
  const outcomes = possibleAnswers(small, question.name, question.type, at);
  const { name, type } = question;
  const failures = HEALTH_CHECKS.filter((slot) => !at.isHealthy(slot));
  return [
    `${nameToText(name)} ${type} of ${JSON.stringify(at.client)}, failing: ${failures}`,
    showSets(small),
    `told ${JSON.stringify(told)}`,
    `right ${JSON.stringify(outcomes.map(({ answer }) => answer))}`,
  ].join('\n');
}

/** A wrong answer, if there is one among some with different random numbers. */
function answersWrongly(sets: readonly RecordSet[], question: Question, at: Circumstances): Told | undefined {
  const zone = new RoutedZone(sets, at.collections);
  const outcomes = possibleAnswers(sets, question.name, question.type, at);
  const prng = new SeededPrng(3);
  for (let i = 0; i < DRAWS; i++) {
    const told = zone.ask(question, at, HEALTH_CHECKS, prng.u32());
    if (!isAmong(outcomes, told)) return told;
  }
  return undefined;
}

/** How far the shares of what is told are from what they should be, in standard deviations. */
function deviationOf(
  sets: readonly RecordSet[],
  question: Question,
  at: Circumstances,
  prng: Prng,
  draws: number,
): number {
  const zone = new RoutedZone(sets, at.collections);
  const shares = sharesOf(possibleAnswers(sets, question.name, question.type, at));
  if (shares.size === 1) return 0;
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const key = keyOf(zone.ask(question, at, [...SLOTS, ...HEALTH_CHECKS], prng.u32()));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return deviation(counts, shares);
}

t.test('weights: each set and branch gets its share, by chi-square', async (t) => {
  const prng = new SeededPrng(4);
  for (const row of [...policyRows, ...treeRows]) {
    const question = { name: inZone(row.ask ?? 'www'), type: TYPE.TXT };
    const found = deviationOf(row.sets, question, circumstancesOf(row), prng, 5_000);
    t.ok(found < 5, `${row.what}: ${found.toFixed(1)} standard deviations`);
  }
});

t.test(
  'several values: every choice of eight is as likely, also in a branch that was chosen by weight',
  async (t) => {
    const ten = [...'abcdefghij'].map((label) => multivalue(label));
    const www = [to('ten', weighted('x', 1), 'ignored'), weighted('y', 1)];
    const everyone = circumstancesOf({ what: '', sets: [], answer: '' });
    const question = { name: inZone('www'), type: TYPE.TXT };
    const trees = {
      alone: ten,
      'branch first': [...on('ten', ...ten), ...www],
      'branch last': [...www, ...on('ten', ...ten)],
    };
    for (const [what, sets] of Object.entries(trees)) {
      const found = deviationOf(sets, question, everyone, new SeededPrng(5), 20_000);
      t.ok(found < 5, `${what}: ${found.toFixed(1)} standard deviations`);
    }
  },
);

t.test('random trees: shares by chi-square', async (t) => {
  const prng = new SeededPrng(6);
  const deviations: number[] = [];
  while (deviations.length < TREES) {
    const { sets, collections } = randomZone(prng);
    const at = randomCircumstances(prng, collections);
    const question = randomQuestion(prng, sets);
    if (possibleAnswers(sets, question.name, question.type, at).length < 3) continue;
    const found = deviationOf(sets, question, at, prng, 3_000);
    deviations.push(found);
  }
  t.ok(Math.max(...deviations) < 5, `at most ${Math.max(...deviations).toFixed(1)} standard deviations`);
  const mean = deviations.reduce((a, b) => a + b, 0) / deviations.length;
  t.ok(mean < 0.3, `${mean.toFixed(2)} on average`);
});

t.test('a choice depends on no more bits of the address than it says', async (t) => {
  const prng = new SeededPrng(7);
  let fewer = 0;
  for (let i = 0; i < 3_000; i++) {
    const { sets, collections } = randomZone(prng);
    const zone = new RoutedZone(sets, collections);
    const at = randomCircumstances(prng, collections);
    const question = randomQuestion(prng, sets);
    const draw = prng.u32();
    const told = zone.ask(question, at, HEALTH_CHECKS, draw);
    const { bits } = zone;
    if (bits > 0 && bits < at.client.bits) fewer++;
    for (let again = 0; again < 3; again++) {
      const address = differing(prng, at.client.address, bits);
      const client = { ...at.client, address };
      const other = zone.ask(question, { ...at, client }, HEALTH_CHECKS, draw);
      if (keyOf(other) !== keyOf(told)) {
        t.fail(
          `${bits} bits of ${at.client.address}, which is told ${keyOf(told)}; ${address}: ${keyOf(other)}`,
        );
        return;
      }
    }
  }
  t.ok(fewer > 100, `${fewer} times fewer than are known`);
});

/** Another address with the same first `bits` bits. */
function differing(prng: Prng, address: Uint8Array, bits: number): Uint8Array {
  const noise = prng.fill(new Uint8Array(address.length));
  return address.map((octet, i) => octet ^ (noise[i]! & (0xff >> Math.max(0, Math.min(8, bits - 8 * i)))));
}

/** Counts how often a check is looked at. */
class CountingHealth extends HealthBits {
  looks = 0;
  override isHealthy(slot: number): boolean {
    this.looks++;
    return super.isHealthy(slot);
  }
}

t.test('what many branches share is looked at once a choice', async (t) => {
  const levels = Array.from({ length: 30 }, (_, level) => {
    const lead = (label: string): RecordSet => to(`n${level + 1}`, weighted(label, 1), 'evaluated');
    return on(`n${level}`, lead('a'), lead('b'));
  });
  const sets = [...levels.flat(), ...on('n30', weighted('end', 1, 1))];
  const health = new CountingHealth();
  const everyone = circumstancesOf({ what: '', sets: [], unhealthy: [1], answer: '' });
  const zone = new RoutedZone(sets, [], health);
  t.match(zone.ask({ name: inZone('n0'), type: TYPE.TXT }, everyone, [1], 0), { kind: 'records' });
  t.ok(health.looks < 10, `${health.looks} looks`);
});

t.test('aliases in a circle or a very long chain do not build', async (t) => {
  const chain = (length: number): RecordSet[] =>
    Array.from({ length }, (_, i) => on(`n${i}`, to(`n${i + 1}`, weighted('a', 1), 'evaluated'))).flat();
  const end = (length: number): RecordSet[] => on(`n${length}`, weighted('end', 1));
  t.ok(new RoutedZone([...chain(32), ...end(32)]));
  for (const length of [33, 50_000])
    t.throws(() => new RoutedZone([...chain(length), ...end(length)]), /through more than 32/);
  t.throws(
    () => new RoutedZone([...chain(3), ...on('n3', to('n0', weighted('a', 1), 'ignored'))]),
    /in a circle/,
  );
});
