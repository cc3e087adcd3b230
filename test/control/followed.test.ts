/** Trust anchors that are followed (RFC 5011): when their keys are looked at, what is kept, what is told. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Anchors, TICK_MS } from '../../src/control/anchors.ts';
import { AnchorStateFile, stateFromText } from '../../src/control/anchorstate.ts';
import type { FetchedKeys } from '../../src/resolver/authorities.ts';
import type { TrustAnchor } from '../../src/resolver/settings.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { dsOf, makeKey, NOW, REVOKE, type SigningKey, signedKeys, withFlags } from '../support/sign.ts';

const DAY = 86_400;
const [a, b] = ['a', 'b'].map((seed) => makeKey('.', { seed: `followed ${seed}`, flags: 257 })) as [
  SigningKey,
  SigningKey,
];
const revoked = (key: SigningKey): SigningKey => withFlags(key, { flags: 257 | REVOKE });
const ROOT: TrustAnchor = { zone: nameFromText('.'), ds: [dsOf(a)], dnskey: [] };

/** A control thread's anchors, over restarts, and the zone that they are of. */
class Keeper {
  readonly folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  readonly clock = new ManualClock(NOW * 1000);
  readonly logged: string[] = [];
  readonly asked: number[] = [];
  looks = 0;
  keys: readonly SigningKey[] = [a];
  signers: readonly SigningKey[] = [a];
  /** Instead of the keys. */
  reply: (() => FetchedKeys | undefined) | undefined;
  configured: readonly TrustAnchor[] = [ROOT];
  anchors!: Anchors;

  constructor() {
    this.start();
  }

  get file(): string {
    return join(this.folder, 'anchors.json');
  }

  start(): void {
    this.anchors?.close();
    this.anchors = new Anchors({
      clock: this.clock,
      log: createLogger({ thread: 'control', format: 'json', write: (line) => this.logged.push(line) }),
      file: new AnchorStateFile(this.folder),
      fetch: async (zone) => {
        if (nameToText(zone) === '.') this.asked.push(this.clock.wall() / 1000 - NOW);
        return this.reply === undefined ? this.published() : this.reply();
      },
      looked: () => this.looks++,
    });
    this.anchors.configure(this.configured, { sha1: false });
  }

  published(): FetchedKeys {
    return { kind: 'keys', rrset: signedKeys(this.keys, this.signers, { originalTtl: 2 * DAY }) };
  }

  /** In steps of the clock that the thread has. */
  async pass(seconds: number): Promise<void> {
    for (let left = seconds * 1000; left > 0; left -= TICK_MS) {
      this.clock.advance(Math.min(left, TICK_MS));
      await new Promise(setImmediate);
    }
  }

  /** By days only, as the thread does not mind. */
  async days(count: number): Promise<void> {
    for (let day = 0; day < count; day++) {
      this.clock.advance(DAY * 1000 - TICK_MS);
      await new Promise(setImmediate);
      await this.pass(TICK_MS / 1000);
    }
  }

  get trusted(): string[] {
    const names = new Map([a, b].map((key, i) => [key.tag, 'ab'[i]!]));
    return this.anchors
      .inForce(this.configured)
      .flatMap(({ ds, dnskey }) => [
        ...ds.map((rdata) => `DS ${names.get((rdata[0]! << 8) | rdata[1]!)}`),
        ...dnskey.map((rdata) => `DNSKEY ${Buffer.from(rdata).equals(b.rdata) ? 'b' : 'a'}`),
      ]);
  }

  get states(): string[] {
    return this.anchors.zones.flatMap(({ point }) => point.keys.map(({ state }) => state));
  }

  said(text: RegExp): number {
    return this.logged.filter((line) => text.test(line)).length;
  }

  end(): void {
    this.anchors.close();
    rmSync(this.folder, { recursive: true });
  }
}

t.test('the first look is soon, the next ones by TTL and expiration, after a failure sooner', async (t) => {
  const keeper = new Keeper();
  t.same(keeper.trusted, ['DS a']);
  await keeper.pass(60);
  t.same(keeper.asked, [60]);
  await keeper.pass(DAY - 60);
  t.equal(keeper.asked.length, 1, 'half of the TTL has not passed');
  await keeper.pass(120);
  t.same(keeper.asked, [60, DAY + 60]);
  keeper.reply = () => ({ kind: 'failure', why: 'nobody answers' });
  await keeper.pass(DAY);
  const retry = 0.1 * 2 * DAY;
  t.same(keeper.asked.slice(2), [2 * DAY + 60]);
  await keeper.pass(2 * retry);
  t.same(keeper.asked.slice(3), [2 * DAY + 60 + retry, 2 * DAY + 60 + 2 * retry]);
  t.equal(keeper.said(/could not be looked at.*|nobody answers/), 3);
  t.same(keeper.trusted, ['DS a'], 'a failure changes nothing');
  t.ok(keeper.looks > 60, 'and who publishes is told each time');
  keeper.end();
});

t.test('where there is nobody to ask, that is tried again at the next tick and costs nothing', async (t) => {
  const keeper = new Keeper();
  keeper.reply = () => undefined;
  await keeper.pass(180);
  t.equal(keeper.asked.length, 3);
  t.notOk(existsSync(keeper.file));
  keeper.reply = undefined;
  await keeper.pass(60);
  t.same(keeper.states, ['valid']);
  keeper.end();
});

t.test('a roll-over, over restarts of the daemon', async (t) => {
  const keeper = new Keeper();
  await keeper.pass(60);
  keeper.keys = [a, b];
  await keeper.days(2);
  t.same(keeper.states, ['valid', 'addpend']);
  t.equal(keeper.said(/becomes a trust anchor if it stays/), 1);
  for (let i = 0; i < 9; i++) {
    keeper.start();
    await keeper.days(3);
  }
  t.same(keeper.trusted, ['DS a']);
  await keeper.days(4);
  t.same(keeper.trusted, ['DS a', 'DNSKEY b'], 'the hold-down went on');
  keeper.keys = [revoked(a), b];
  keeper.signers = keeper.keys;
  await keeper.days(1);
  t.same(keeper.trusted, ['DNSKEY b']);
  t.equal(keeper.said(/"state":"revoked"/), 1);
  keeper.start();
  t.same(keeper.trusted, ['DNSKEY b'], 'as soon as it starts');
  t.same(keeper.asked.length, new Set(keeper.asked).size);
  keeper.end();
});

t.test('the file: for its owner only, whole at any time, and to be read by people', async (t) => {
  const keeper = new Keeper();
  writeFileSync(`${keeper.file}.new`, 'half of something', { mode: 0o644 });
  chmodSync(`${keeper.file}.new`, 0o644);
  await keeper.pass(60);
  t.equal(statSync(keeper.file).mode & 0o777, 0o600);
  t.same(readdirSync(keeper.folder), ['anchors.json']);
  const json = JSON.parse(readFileSync(keeper.file, 'utf8'));
  t.match(json, {
    format: 'causeway trust anchors',
    version: 1,
    zones: [{ zone: '.', lookedAt: NOW + 60, validatedAt: NOW + 60, keys: [{ tag: a.tag, state: 'valid' }] }],
  });
  t.same(stateFromText(readFileSync(keeper.file, 'utf8')), keeper.anchors.zones);
  keeper.end();
});

t.test('a file that is damaged or not ours is put aside, and the configuration is in force', async (t) => {
  const keeper = new Keeper();
  await keeper.pass(60);
  keeper.keys = [a, b];
  await keeper.days(33);
  t.same(keeper.trusted, ['DS a', 'DNSKEY b']);
  const good = readFileSync(keeper.file, 'utf8');
  const key = JSON.parse(good).zones[0].keys[0];
  const bads: Record<string, string> = {
    empty: '',
    cut: good.slice(0, good.length / 2),
    'another program’s': '{"hello": 1}',
    'a newer version’s': good.replace('"version": 1', '"version": 2'),
    'with more in it': good.replace('"version": 1', '"version": 1, "x": 0'),
    'with another key': good.replace(key.dnskey, Buffer.from(b.rdata).toString('base64')),
    'with a revoked key': good
      .replace(key.dnskey, Buffer.from(revoked(a).rdata).toString('base64'))
      .replace(`"tag": ${key.tag}`, `"tag": ${revoked(a).tag}`),
    'with a state that is none': good.replace('"valid"', '"trusted"'),
    'with a time that is none': good.replace(/"since": \d+/, '"since": -1'),
    'with a name that is none': good.replace('"zone": "."', '"zone": "a..b"'),
    octets: '\u0000\u0001\ufffd',
  };
  for (const [what, text] of Object.entries(bads)) {
    t.not(text, good, what);
    writeFileSync(keeper.file, text);
    keeper.clock.advance(1000);
    const mark = keeper.logged.length;
    keeper.start();
    t.same(keeper.trusted, ['DS a'], what);
    t.match(keeper.logged.slice(mark).join(''), /cannot be used and is put aside/, what);
    t.notOk(existsSync(keeper.file), 'it is not written over');
  }
  const aside = readdirSync(keeper.folder);
  t.equal(aside.length, Object.keys(bads).length, 'nothing is lost');
  t.ok(aside.every((name) => /^anchors\.json\.bad-\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z$/.test(name)));
  await keeper.pass(60);
  t.ok(existsSync(keeper.file), 'and it goes on');
  keeper.end();
});

t.test('a file that is in the way: said, and nothing is kept', async (t) => {
  const keeper = new Keeper();
  const { logged } = keeper;
  const failing = {
    path: keeper.file,
    read: () => {
      throw new Error('unreadable');
    },
    setAside: () => {
      throw new Error('read-only');
    },
    write: () => t.fail('it is not to be written over'),
  };
  const anchors = new Anchors({
    clock: keeper.clock,
    log: createLogger({ thread: 'control', format: 'json', write: (line) => logged.push(line) }),
    file: failing,
    fetch: async () => keeper.published(),
    looked: () => undefined,
  });
  anchors.configure([ROOT], { sha1: false });
  await anchors.look();
  t.equal(anchors.zones[0]?.point.keys[0]?.state, 'valid');
  t.equal(keeper.said(/no state is kept/), 1);
  anchors.close();
  keeper.end();
});

t.test('a state folder that is full or gone: said, and it goes on in memory', async (t) => {
  const keeper = new Keeper();
  rmSync(keeper.folder, { recursive: true });
  await keeper.pass(60);
  t.same(keeper.states, ['valid']);
  t.equal(keeper.said(/cannot be written/), 1);
  keeper.anchors.close();
});

t.test('other configured anchors begin anew, and nothing of the file goes before them', async (t) => {
  const keeper = new Keeper();
  await keeper.pass(60);
  keeper.keys = [revoked(a), b];
  keeper.signers = keeper.keys;
  await keeper.days(1);
  t.same(keeper.trusted, [], 'all that was configured is revoked');
  t.equal(keeper.said(/configure its new keys/), 1);
  const { length } = keeper.asked;
  await keeper.days(2);
  t.equal(keeper.asked.length, length, 'no look any more');
  keeper.start();
  t.same(keeper.trusted, []);

  keeper.configured = [{ ...ROOT, ds: [dsOf(b)] }];
  t.same(keeper.trusted, ['DS b'], 'already while it is compiled');
  keeper.anchors.configure(keeper.configured, { sha1: false });
  t.equal(keeper.said(/other trust anchors are configured/), 1);
  await keeper.pass(60);
  t.same(keeper.states, ['valid']);
  keeper.configured = [{ ...ROOT, ds: [dsOf(a)] }];
  keeper.start();
  t.same(keeper.trusted, ['DS a'], 'also where they change while it does not run');
  keeper.end();
});

t.test('zones each for themselves; those that are configured no longer are dropped', async (t) => {
  const corp = makeKey('corp.test.', { seed: 'corp', flags: 257 });
  const keeper = new Keeper();
  keeper.configured = [ROOT, { zone: corp.zone, ds: [], dnskey: [corp.rdata] }];
  keeper.start();
  await keeper.pass(60);
  t.equal(keeper.anchors.zones.length, 2);
  t.equal(keeper.said(/could not be looked at/), 1, 'these keys are of another zone');
  t.match(JSON.parse(readFileSync(keeper.file, 'utf8')).zones, [{ zone: '.' }, { zone: 'corp.test.' }]);
  keeper.configured = [ROOT];
  keeper.start();
  await keeper.days(2);
  t.match(JSON.parse(readFileSync(keeper.file, 'utf8')).zones, [{ zone: '.' }]);
  keeper.end();
});

t.test('rfc5011: off stops the looks, and loses nothing', async (t) => {
  const keeper = new Keeper();
  await keeper.pass(60);
  keeper.anchors.configure(undefined, { sha1: false });
  const { length } = keeper.asked;
  await keeper.days(10);
  t.equal(keeper.asked.length, length);
  t.same(keeper.anchors.zones, []);
  keeper.anchors.configure(keeper.configured, { sha1: false });
  await keeper.days(1);
  t.equal(keeper.asked.length, length + 1);
  keeper.end();
});

t.test('what is switched off or configured anew during a look is not touched by its result', async (t) => {
  const keeper = new Keeper();
  for (const change of [
    () => keeper.anchors.configure(undefined, { sha1: false }),
    () => keeper.anchors.configure([{ ...ROOT, ds: [dsOf(b)] }], { sha1: false }),
  ]) {
    keeper.anchors.configure(keeper.configured, { sha1: false });
    let answer: (keys: FetchedKeys) => void = () => undefined;
    const keys = new Promise<FetchedKeys>((resolve) => {
      answer = resolve;
    });
    keeper.reply = () => keys as unknown as FetchedKeys;
    const look = keeper.anchors.look();
    change();
    answer(keeper.published());
    await look;
    t.same(keeper.states, []);
  }
  keeper.end();
});

t.test('a clock that is put back does not put off the next look by years', async (t) => {
  const keeper = new Keeper();
  keeper.clock.advance(1000 * DAY * 1000);
  await new Promise(setImmediate);
  t.equal(keeper.asked.length, 1);
  const file = readFileSync(keeper.file, 'utf8');
  const late = new ManualClock(NOW * 1000);
  writeFileSync(keeper.file, file);
  const asked: number[] = [];
  const anchors = new Anchors({
    clock: late,
    log: createLogger({ thread: 'control', write: () => undefined }),
    file: new AnchorStateFile(keeper.folder),
    fetch: async () => {
      asked.push(late.wall());
      return keeper.published();
    },
    looked: () => undefined,
  });
  anchors.configure(keeper.configured, { sha1: false });
  await anchors.look();
  t.equal(asked.length, 1);
  anchors.close();
  keeper.end();
});
