import t from 'tap';
import { SeededPrng } from '../../src/util/prng.ts';
import { TYPE } from '../../src/wire/constants.ts';
import type { RecordSet } from '../../src/zone/recordset.ts';
import { groupOf, possibleAnswers, sourceOf } from './routing.ts';
import { randomClient, randomFailures, randomQuestion } from './routingclients.ts';
import { faultsOf, smallestFailing } from './routingrules.ts';
import { on, primary, REGIONS, secondary, simple, to, weighted } from './routingsets.ts';
import { HEALTH_CHECKS, randomZone } from './routingzones.ts';

const ZONES = 200;
const QUESTIONS = 50;

t.test('random zones are such as Route 53 takes', async (t) => {
  const prng = new SeededPrng(53);
  const policies = new Set<string>();
  let deepest = 0;
  for (let i = 0; i < ZONES; i++) {
    const { sets } = randomZone(prng);
    t.same(faultsOf(sets), []);
    for (const set of sets) policies.add(set.policy.kind);
    deepest = Math.max(deepest, ...sets.map((set) => depthOf(sets, set)));
  }
  t.equal(policies.size, 8, 'every policy is met');
  t.equal(deepest, 5, 'aliases lead through five more names');
});

function depthOf(sets: readonly RecordSet[], { type, content }: RecordSet): number {
  if (content.kind === 'records' || content.where === 'outside') return 0;
  const group = groupOf(sets, sourceOf(sets, content.target)!, type);
  return 1 + Math.max(...group.map((set) => depthOf(sets, set)));
}

t.test('every kind of answer is met, and shares add up', async (t) => {
  const prng = new SeededPrng(35);
  const counts = new Map<string, number>();
  for (let i = 0; i < ZONES; i++) {
    const { sets, collections } = randomZone(prng);
    for (let asked = 0; asked < QUESTIONS; asked++) {
      const { name, type } = randomQuestion(prng, sets);
      const failures = randomFailures(prng, HEALTH_CHECKS);
      const client = randomClient(prng, collections);
      const isHealthy = (slot: number): boolean => !failures.has(slot);
      const home = REGIONS['eu-west-1']!;
      const outcomes = possibleAnswers(sets, name, type, { client, isHealthy, collections, home });
      const sum = outcomes.reduce((total, { probability }) => total + probability, 0);
      if (Math.abs(sum - 1) > 1e-9) t.fail(`shares add up to ${sum}`);
      for (const { answer } of outcomes) counts.set(answer.kind, (counts.get(answer.kind) ?? 0) + 1);
    }
  }
  for (const kind of ['records', 'outside', 'none', 'nodata', 'nxdomain'])
    t.ok((counts.get(kind) ?? 0) > (ZONES * QUESTIONS) / 50, kind);
});

t.test('what Route 53 refuses is seen', async (t) => {
  const cases: readonly (readonly [string, readonly RecordSet[]])[] = [
    ['has several policies', [weighted('a', 1), primary('b')]],
    ['is simple and not one', [simple('a'), simple('b')]],
    ['has one identifier twice', [weighted('a', 1), weighted('a', 2)]],
    ['has one key twice', [primary('a'), primary('b')]],
    ['has an alias to nothing of its type', [to('gone', simple('a'), 'ignored')]],
    ['stands beside a CNAME', [simple('a'), { ...simple('b'), type: TYPE.CNAME }]],
  ];
  for (const [fault, sets] of cases) t.match(faultsOf(sets).join('\n'), fault);
  t.same(faultsOf([primary('a'), secondary('b')]), []);
});

t.test('a failing zone is made small', async (t) => {
  const sets = [
    ...on('x', weighted('a', 1, 1), weighted('b', 1)),
    to('x', primary('p', 2), 'evaluated'),
    simple('c'),
  ];
  const small = smallestFailing(sets, (sets) => sets.some(({ content }) => content.kind === 'alias'));
  t.equal(small.length, 2, 'an alias and a target');
  t.ok(small.every(({ health }) => health === undefined));
});
