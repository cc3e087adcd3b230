import t from 'tap';
import {
  type InFlight,
  InFlightTable,
  JOSTLE_MS,
  type QuestionIdentity,
  questionKey,
} from '../../src/resolver/inflight.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { nameFromText } from '../../src/wire/name.ts';

class Question implements InFlight {
  readonly identity: QuestionIdentity;
  hash = 0;
  readonly startedAt: number;
  jostled = false;
  constructor(name: string, startedAt = 0, context = 1) {
    this.identity = { context, name: nameFromText(name), type: 1, checkingDisabled: false };
    this.startedAt = startedAt;
  }
  jostle(): void {
    this.jostled = true;
  }
}

/** Asks for a place as the resolver does. */
function enter(table: InFlightTable<Question>, question: Question, now: number): boolean {
  if (!table.makeRoom(question.identity.context, now)) return false;
  question.hash = table.hashOf(question.identity);
  table.add(question);
  return true;
}

const make = (max: number): InFlightTable<Question> => new InFlightTable<Question>(new SeededPrng(1), max);

t.test('keys: names as octets, without case; context and type in each', async (t) => {
  const key = (text: string, context = 1, type = 1): string => questionKey(context, nameFromText(text), type);
  t.equal(key('www.V.test.'), key('WWW.v.TEST.'));
  t.not(key('www.v.test.'), key('www\\.v.test.'));
  t.not(key('a.v.test.'), key('a\\000.v.test.'));
  t.not(key('www.v.test.'), key('www.v.test.', 2));
  t.not(key('www.v.test.'), key('www.v.test.', 1, 28));
  t.not(key('1.', 1, 11), key('1.', 11, 1));
});

t.test('a slow flood keeps half of the places, new questions get the other half', async (t) => {
  const table = make(16);
  const slow: Question[] = [];
  for (let i = 0; i < 8; i++) {
    const question = new Question(`slow${i}.test.`);
    t.ok(enter(table, question, 0));
    slow.push(question);
  }
  t.notOk(
    enter(table, new Question('new.test.', 100), 100),
    'one context has half of all places; none is old enough to go',
  );
  let entered = 0;
  for (let i = 0; i < 20; i++) {
    const now = JOSTLE_MS + i * JOSTLE_MS;
    if (enter(table, new Question(`new${i}.test.`, now), now)) entered++;
    t.ok(table.size <= 8);
  }
  t.equal(entered, 20);
  t.same(
    slow.map((question) => question.jostled),
    [false, false, false, false, true, true, true, true],
    'the first of them stay to the end',
  );
});

t.test('duplicates do not make a question younger (CVE-2026-42534)', async (t) => {
  const table = make(4);
  enter(table, new Question('protected.test.'), 0);
  const slow = new Question('slow.test.');
  enter(table, slow, 0);
  for (let now = 0; now < JOSTLE_MS; now += 10) t.equal(table.find(slow.identity, slow.hash), slow);
  t.ok(enter(table, new Question('new.test.', JOSTLE_MS), JOSTLE_MS));
  t.ok(slow.jostled);
  t.equal(table.find(slow.identity, slow.hash), undefined);
});

t.test('one context cannot take the places of others', async (t) => {
  const table = make(16);
  let entered = 0;
  for (let i = 0; i < 100; i++) if (enter(table, new Question(`a${i}.test.`, 0, 1), 0)) entered++;
  t.equal(entered, 8);
  for (let i = 0; i < 8; i++) t.ok(enter(table, new Question(`b${i}.test.`, 0, 2), 0));
  t.notOk(enter(table, new Question('c.test.', 0, 3), 0), 'now it is full');
});

t.test('a context that is full pushes out its own, though others have older ones', async (t) => {
  const table = make(16);
  const fill = (context: number, now: number): Question[] =>
    Array.from({ length: 8 }, (_, i) => {
      const question = new Question(`c${context}n${i}.test.`, now, context);
      t.ok(enter(table, question, now));
      return question;
    });
  const others = fill(2, 0);
  const own = fill(1, 1);
  t.ok(enter(table, new Question('new.test.', 1 + JOSTLE_MS, 1), 1 + JOSTLE_MS));
  t.equal(own.filter(({ jostled }) => jostled).length, 1);
  t.notOk(others.some(({ jostled }) => jostled));
});

t.test('of all contexts together no more than half of the places are kept to the end', async (t) => {
  const table = make(16);
  for (let i = 0; i < 16; i++) t.ok(enter(table, new Question(`n${i}.test.`, 0, i >> 2), 0));
  let entered = 0;
  for (let i = 0; i < 16; i++)
    if (enter(table, new Question(`new${i}.test.`, JOSTLE_MS, 5 + (i >> 2)), JOSTLE_MS)) entered++;
  t.equal(entered, 8);
});

t.test('places come back', async (t) => {
  const table = make(8);
  for (let round = 0; round < 5; round++) {
    const questions = Array.from({ length: 4 }, (_, i) => new Question(`n${i}.test.`));
    for (const question of questions) t.ok(enter(table, question, 0));
    for (const question of questions) table.remove(question);
    for (const question of questions) table.remove(question);
    t.equal(table.size, 0);
  }
});

t.test('questions under one hash are told apart by all that makes them the same', async (t) => {
  const table = make(16);
  const { identity } = new Question('www.test.');
  const others: QuestionIdentity[] = [
    { ...identity, name: nameFromText('www2.test.') },
    { ...identity, context: 2 },
    { ...identity, type: 28 },
    { ...identity, checkingDisabled: true },
  ];
  const questions = [identity, ...others].map((each) =>
    Object.assign(new Question('.'), { identity: each, hash: 7 }),
  );
  for (const other of others) t.not(table.hashOf(other), table.hashOf(identity));
  for (const question of questions) {
    t.equal(table.find(question.identity, 7), undefined);
    table.add(question);
  }
  for (const question of questions) t.equal(table.find(question.identity, 7), question);
  t.equal(table.find({ ...identity, name: nameFromText('WWW.test.') }, 7), questions[0], 'without case');
  t.equal(table.hashOf({ ...identity, name: nameFromText('WWW.test.') }), table.hashOf(identity));
  t.equal(table.size, 5);
  for (const [i, question] of questions.entries()) {
    t.ok(table.has(question));
    table.remove(question);
    table.remove(question);
    t.notOk(table.has(question));
    t.equal(table.size, 4 - i);
  }
});
