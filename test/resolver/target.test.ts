import t from 'tap';
import { OUTSTANDING_MAX, OUTSTANDING_MIN, type Place, Targets } from '../../src/resolver/target.ts';
import { Tally, tallyBuffer } from '../../src/util/tally.ts';

const PLACE = { address: '192.0.2.53', port: 53, protocol: 'do53' } as const;

t.test('one state per server, whichever rules name it', async (t) => {
  const targets = new Targets();
  t.equal(targets.of(PLACE), targets.of({ ...PLACE }));
  t.not(targets.of(PLACE), targets.of({ ...PLACE, port: 54 }));
});

t.test('the cap on outstanding queries shrinks with timeouts and grows back', async (t) => {
  const target = new Targets().of(PLACE);
  t.equal(target.outstandingMax, OUTSTANDING_MAX);
  for (let i = 0; i < 100; i++) target.failed('timeout');
  t.equal(target.outstandingMax, 280);
  for (let i = 0; i < 5000; i++) target.failed('timeout');
  t.equal(target.outstandingMax, OUTSTANDING_MIN);
  for (let i = 0; i < 5000; i++) target.answered(0);
  t.equal(target.outstandingMax, OUTSTANDING_MAX);
});

t.test('errors that are told at once do not shrink it', async (t) => {
  const target = new Targets().of(PLACE);
  for (let i = 0; i < 500; i++) target.failed('error');
  t.equal(target.outstandingMax, OUTSTANDING_MAX);
});

const place = (): Place => ({ sentAt: 0, press: () => undefined });

t.test('400 are out at one target, whichever workers have asked it', async (t) => {
  const buffer = tallyBuffer(16);
  const [one, other] = [0, 15].map((slot) => new Targets(new Tally(buffer, slot, 42))) as [Targets, Targets];
  const isFull = (): boolean[] => [one, other].map((targets) => targets.of({ ...PLACE }).full);
  const places: Place[] = [];
  for (; !one.of(PLACE).full; one.of(PLACE).places.add(places.at(-1)!)) places.push(place());
  t.equal(places.length, 400, 'all of them from one worker of sixteen');
  t.same(isFull(), [true, true]);
  t.notOk(other.of({ ...PLACE, address: '192.0.2.54' }).full, 'at another there is room');
  t.notOk(other.of(PLACE).canMakeRoom(1000), 'none of its own could make room');
  one.of(PLACE).places.delete(places[0]!);
  one.of(PLACE).places.delete(places[0]!);
  other.of(PLACE).places.add(place());
  t.same(isFull(), [true, true]);
});

t.test('routes are remembered by family, for a minute', async (t) => {
  const targets = new Targets();
  targets.noRoute('2001:db8::1', 0);
  t.notOk(targets.hasRoute('2001:db8::2', 59_999));
  t.ok(targets.hasRoute('192.0.2.1', 1));
  t.ok(targets.hasRoute('2001:db8::2', 60_000));
  targets.noRoute('2001:db8::1', 60_000);
  targets.routeWorks('2001:db8::3');
  t.ok(targets.hasRoute('2001:db8::2', 60_001));
});

t.test('status', async (t) => {
  const targets = new Targets();
  const target = targets.of(PLACE);
  target.rtt.sample(12);
  target.answered(0);
  t.match(targets.status(0), [
    {
      address: '192.0.2.53',
      port: 53,
      breaker: 'closed',
      failures: 0,
      retryInMs: undefined,
      srttMs: 12,
      outstanding: 0,
      case0x20: true,
      counts: { answered: 1, timeouts: 0 },
    },
  ]);
  for (let i = 0; i < 8; i++) target.failed('timeout');
  target.breaker.probeFailed(1000);
  t.match(targets.status(1200), [{ breaker: 'open', failures: 8, retryInMs: 800 }]);
});

t.test('a full target: the oldest query gives its place to a new one, once it is old enough', async (t) => {
  const target = new Targets().of(PLACE);
  const pressed: number[] = [];
  const enter = (sentAt: number): void => {
    const place = {
      sentAt,
      press: () => {
        target.places.delete(place);
        pressed.push(sentAt);
      },
    };
    target.places.add(place);
  };
  for (let i = 0; i < OUTSTANDING_MAX; i++) enter(i);
  t.notOk(target.canMakeRoom(199));
  t.ok(target.canMakeRoom(200));
  target.makeRoom();
  t.notOk(target.full);
  enter(200);
  target.makeRoom();
  t.same(pressed, [0, 1]);
  t.notOk(target.canMakeRoom(201));
});
