/** A roll-over of trust anchors, from the worker that is asked to what all workers serve. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import t from 'tap';
import { pathTo } from '../../src/control/anchorkeys.ts';
import { TICK_MS } from '../../src/control/anchors.ts';
import { Control } from '../../src/control/control.ts';
import type { Path } from '../../src/resolver/path.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { HealthBits } from '../../src/util/healthbits.ts';
import { type Port, serveCalls } from '../../src/util/rpc.ts';
import { received } from '../../src/view/change.ts';
import type { Ask, ControlNews, WorkerCall } from '../../src/view/channel.ts';
import type { Snapshot } from '../../src/view/snapshot.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { dsOf, makeKey, NOW, REVOKE, type SigningKey, signedKeys, withFlags } from '../support/sign.ts';

const [a, b, c] = ['a', 'b', 'c'].map((seed) => makeKey('.', { seed: `control ${seed}`, flags: 257 })) as [
  SigningKey,
  SigningKey,
  SigningKey,
];
const dead = withFlags(a, { flags: 257 | REVOKE });
const dsText = (key: SigningKey): string => {
  const rdata = dsOf(key);
  return `. DS ${key.tag} ${key.algorithm} 2 ${Buffer.from(rdata.subarray(4)).toString('hex')}\n`;
};
const CONFIG = `
node: { name: n1, state: ./state, workers: 1, metrics: off }
recursion: { hints: root.hints, anchors: root.key }
vpcs: [{ id: vpc-a, cidrs: [10.1.0.0/16], dnssec: validate }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:5399"] }] }
`;

/** A control thread with one worker, which knows the keys of the root. */
class Main {
  readonly folder: string;
  readonly clock: ManualClock;
  readonly news: ControlNews[] = [];
  readonly logged: string[] = [];
  readonly asked: Ask[] = [];
  readonly served: Snapshot[] = [];
  /** What main would have in force. */
  #taken: Snapshot | undefined;
  readonly dependencies = new Dependencies();
  readonly control: Control;
  keys: readonly SigningKey[] = [a, b];
  signers: readonly SigningKey[] = [a, b];

  constructor(before?: Main, inForce?: Snapshot) {
    this.#taken = inForce;
    this.folder = before?.folder ?? mkdtempSync(join(tmpdir(), 'causeway-'));
    this.clock = before?.clock ?? new ManualClock(NOW * 1000);
    if (before === undefined) {
      writeFileSync(join(this.folder, 'causeway.yaml'), CONFIG);
      writeFileSync(join(this.folder, 'root.hints'), '. NS ns.root.\nns.root. A 192.0.2.1\n');
      writeFileSync(join(this.folder, 'root.key'), dsText(a) + dsText(b));
    }
    const counters = daemonCounters(1);
    this.control = new Control({
      start: { configFile: join(this.folder, 'causeway.yaml'), inForce },
      clock: this.clock,
      log: createLogger({ thread: 'control', format: 'json', write: (line) => this.logged.push(line) }),
      counters,
      metrics: new Metrics(counters.block(0)),
      healthBits: new HealthBits().buffer,
      dependencies: this.dependencies,
      version: '0.1.0',
      tell: (item) => {
        this.news.push(item);
        if (item.news !== 'snapshot') return;
        this.#taken = received(item.snapshot, this.#taken);
        queueMicrotask(() => this.control.socketsOpened(item.snapshot.revision, undefined));
      },
    });
  }

  async start(revision = 1): Promise<this> {
    await this.control.start();
    const first = this.#taken;
    const { port1, port2 } = new MessageChannel();
    serveCalls<WorkerCall>(port2 as unknown as Port, (call) => {
      if ('snapshot' in call) {
        this.served.push(received(call.snapshot, this.served.at(-1) ?? first));
        return { serving: call.snapshot.revision };
      }
      this.asked.push(call.ask);
      return { answer: { kind: 'keys', rrset: signedKeys(this.keys, this.signers) } };
    });
    port1.unref();
    port2.unref();
    await this.control.attach(0, 'plain', revision, port1 as unknown as Port);
    return this;
  }

  /** A day with its look at the keys. */
  async day(days = 1): Promise<void> {
    for (let i = 0; i < days; i++) {
      const { length } = this.asked;
      this.clock.advance(86_400_000 - TICK_MS);
      await settled();
      this.clock.advance(TICK_MS);
      await settled(() => this.asked.length > length);
    }
    await settled();
  }

  get newest(): Snapshot {
    return this.#taken!;
  }

  end(): Promise<void> {
    return this.control.stop();
  }
}

/** Messages between threads take a few turns of the event loop. */
async function settled(until: () => boolean = () => false): Promise<void> {
  for (let turn = 0; turn < 50 && !until(); turn++) await new Promise((next) => setTimeout(next, 1));
  for (let turn = 0; turn < 5; turn++) await new Promise((next) => setTimeout(next, 1));
}

const contexts = ({ paths }: Snapshot): number[] => paths.map(({ context }) => context);
const tagsOf = ({ recursion }: Snapshot): number[] =>
  recursion.anchors.flatMap(({ ds, dnskey }) => [
    ...ds.map((rdata) => (rdata[0]! << 8) | rdata[1]!),
    ...dnskey.map((rdata) => [a, b, c].find((key) => Buffer.from(key.rdata).equals(rdata))!.tag),
  ]);

t.test('a revoked key is out of force with all workers at once; what they know stays', async (t) => {
  const main = await new Main().start();
  const first = main.newest;
  t.same(tagsOf(first), [a.tag, b.tag]);
  t.notOk(first.configuredAnchors);
  await main.day();
  t.ok(main.asked.length > 0);
  t.match(main.asked[0], { ask: 'keys', context: first.paths[0]!.context });
  t.equal(main.newest.revision, 1, 'keys that are as configured change nothing');

  main.keys = [dead, b, c];
  main.signers = [dead, b];
  await main.day();
  t.equal(main.newest.revision, 2);
  t.same(tagsOf(main.newest), [b.tag]);
  t.same(
    main.served.map(({ revision }) => revision),
    [2],
  );
  t.same(contexts(main.newest), contexts(first));
  let bumped = 0;
  for (let slot = 0; slot < 65_536; slot++) bumped += main.dependencies.generation(slot);
  t.equal(bumped, 0, 'no cache is emptied');
  t.ok(main.logged.some((line) => /other trust anchors are in force/.test(line)));

  await main.day(31);
  t.same(tagsOf(main.newest), [b.tag, c.tag], 'the new key is trusted in time');
  t.equal(main.newest.revision, 3);
  await main.end();

  await t.test('a reload keeps what was learned, and changes nothing by itself', async (t) => {
    const next = await new Main(main).start(0);
    t.same(tagsOf(next.newest), [b.tag, c.tag], 'also a daemon that starts again');
    t.same(contexts(next.newest), contexts(first));
    const report = await next.control.reload();
    t.match(report, { applied: true, changes: [], revision: 2 });
    t.same(tagsOf(next.newest), [b.tag, c.tag]);
    await next.end();
  });

  await t.test('a control thread that takes over goes on with it', async (t) => {
    const heir = await new Main(main, main.newest).start(3);
    t.same(heir.news, []);
    heir.keys = main.keys;
    heir.signers = main.signers;
    await heir.day(2);
    t.same(heir.news, [], 'nothing is new');
    t.ok(heir.asked.length > 0);
    t.match(await heir.control.reload(), { applied: true, changes: [], revision: 4 });
    t.same(contexts(heir.newest), contexts(first), 'caches stay over that too');
    t.same(tagsOf(heir.newest), [b.tag, c.tag]);
    await heir.end();
  });

  await t.test('other keys in the file go before what was learned, in contexts of their own', async (t) => {
    const next = await new Main(main).start(0);
    writeFileSync(join(main.folder, 'root.key'), dsText(a) + dsText(b) + dsText(c));
    const report = await next.control.reload();
    t.match(report.changes, ['recursion: trust anchors changed']);
    t.same(tagsOf(next.newest), [a.tag, b.tag, c.tag]);
    t.not(String(contexts(next.newest)), String(contexts(first)));
    await next.end();
  });

  await t.test('rfc5011: off is the configuration alone', async (t) => {
    writeFileSync(join(main.folder, 'root.key'), dsText(a) + dsText(b));
    const file = join(main.folder, 'state', 'anchors.json');
    const state = readFileSync(file, 'utf8');
    writeFileSync(
      join(main.folder, 'causeway.yaml'),
      CONFIG.replace('root.key }', 'root.key, rfc5011: off }'),
    );
    const next = await new Main(main).start(0);
    t.same(tagsOf(next.newest), [a.tag, b.tag]);
    next.clock.advance(86_400_000);
    await settled();
    t.same(next.asked, []);
    t.equal(readFileSync(file, 'utf8'), state);
    await next.end();
  });
  rmSync(main.folder, { recursive: true });
});

t.test('the keys of a zone are asked for by the rule nearest to it that is validated', async (t) => {
  const path = (domain: string, context: number, validate = true): Path =>
    ({ domain: nameFromText(domain), context, validate }) as Path;
  const paths = [
    path('.', 1),
    path('corp.test.', 2, false),
    path('corp.test.', 3),
    path('x.corp.test.', 4),
    path('.', 5),
  ];
  const to = (zone: string): number | undefined => pathTo(nameFromText(zone), paths)?.context;
  t.equal(to('.'), 1);
  t.equal(to('test.'), 1);
  t.equal(to('corp.test.'), 3);
  t.equal(to('y.corp.test.'), 3);
  t.equal(pathTo(nameFromText('.'), [path('corp.test.', 3), path('.', 1, false)]), undefined);
});
