import { type ChildProcess, execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { LONG } from '../support/long.ts';
import { freePort } from '../support/ports.ts';
import { sumOf } from '../support/scrape.ts';
import { missing, startNsd } from '../support/servers.ts';
import { sleep, until } from '../support/sockets.ts';
import { APEX, configOf, forwardRule } from './config.ts';

const skip = missing('dig', 'dnsperf', 'nsd');
const RELOADS = LONG ? 50 : 8;
const zoneText = (address: string): string =>
  `${APEX}www A ${address}\n${Array.from({ length: 200 }, (_, i) => `h${i} A 10.0.0.${i}`).join('\n')}\n`;

t.test(
  `${RELOADS} reloads at 2,000 queries a second: nothing is lost, and each is served`,
  { skip },
  async (t) => {
    const nsd = await startNsd({ zones: { 'corp.test.': zoneText('10.9.0.1') } });
    t.teardown(() => nsd.stop());
    const zones = ['{ name: internal.test., file: internal.zone, vpcs: [vpc-test] }'];
    const config = (i: number): string =>
      configOf({
        node: `nsid: "generation-${i}"`,
        rules: [forwardRule('corp.test.', [nsd]), `{ domain: r${i}.test., type: system, vpcs: [vpc-test] }`],
        zones,
      });
    const daemon = await startDaemon({ config: config(0), files: { 'internal.zone': zoneText('10.0.1.0') } });
    t.teardown(() => daemon.stop());
    const names = Array.from({ length: 200 }, (_, i) => `h${i}.internal.test A\nh${i}.corp.test A\n`).join(
      '',
    );
    const queries = join(daemon.folder, 'queries');
    writeFileSync(queries, names);
    let dnsperf: ChildProcess | undefined;
    const load = new Promise<string>((resolve) => {
      const args = [
        '-s',
        '127.0.0.1',
        '-p',
        String(daemon.port),
        '-d',
        queries,
        '-Q',
        '2000',
        '-l',
        '3600',
        '-c',
        '8',
        '-t',
        '60',
        // What waits for a slow machine is no more than the sockets hold.
        '-q',
        '100',
      ];
      dnsperf = execFile('dnsperf', args, (_error, stdout) => resolve(stdout));
    });
    t.teardown(() => dnsperf?.kill('SIGKILL'));
    for (let i = 1; i <= RELOADS; i++) {
      writeFileSync(join(daemon.folder, 'internal.zone'), zoneText(`10.0.1.${i}`));
      daemon.configure(config(i));
      daemon.kill('SIGHUP');
      const nsid = new RegExp(`generation-${i}\\b`);
      const served = async (): Promise<boolean> => {
        const reply = await dig(at(daemon), 'www.internal.test.', 'A', '+nsid');
        return reply.answers[0]?.rdata === `10.0.1.${i}` && nsid.test(reply.output);
      };
      // Each worker has it at its own time, and which of them is asked is the kernel's choice.
      for (let times = 0; times < 2; ) times = (await served()) ? times + 1 : 0;
    }
    // dnsperf waits for what is under way, and tells.
    dnsperf!.kill('SIGINT');
    const output = await load;
    t.match(output, /Queries lost:\s+0 /, output);
    t.ok(Number(/Queries completed:\s+(\d+)/.exec(output)?.[1]) > 20 * RELOADS, output);
    t.notMatch(output, /SERVFAIL|REFUSED/, 'every answer was a good one');
  },
);

t.test('a bad configuration leaves the old one in force and says so', { skip }, async (t) => {
  const good = configOf({ zones: ['{ name: internal.test., file: internal.zone, vpcs: [vpc-test] }'] });
  const daemon = await startDaemon({ config: good, files: { 'internal.zone': zoneText('10.0.1.1') } });
  t.teardown(() => daemon.stop());
  daemon.configure(good.replace('vpcs: [vpc-test]', 'vpcs: [vpc-tset]'));
  const refused = await daemon.cli('reload');
  t.not(refused.code, 0);
  t.match(refused.stdout + refused.stderr, /vpc-tset/);
  t.equal((await dig(at(daemon), 'www.internal.test.', 'A')).answers[0]?.rdata, '10.0.1.1');
  const check = await daemon.cli('check');
  t.equal(check.code, 1);
  t.match(check.stdout + check.stderr, /causeway\.yaml:\d+:\d+/);
  daemon.configure(good);
  t.equal((await daemon.cli('reload')).code, 0);
});

t.test('the command line against a daemon', { skip }, async (t) => {
  const nsd = await startNsd({ zones: { 'corp.test.': zoneText('10.9.0.1') } });
  t.teardown(() => nsd.stop());
  const daemon = await startDaemon({
    config: configOf({
      rules: [forwardRule('corp.test.', [nsd], ', id: rule-corp')],
      zones: ['{ name: internal.test., file: internal.zone, vpcs: [vpc-test] }'],
    }),
    files: { 'internal.zone': zoneText('10.0.1.1') },
  });
  t.teardown(() => daemon.stop());
  await dig(at(daemon), 'www.corp.test.', 'A');
  const status = JSON.parse((await daemon.cli('status', '--json')).stdout);
  t.equal(status.workers.length, 2);
  t.equal(status.targets[0].target, `127.0.0.1:${nsd.port}`);
  t.equal(status.targets[0].breaker, 'closed');
  t.match((await daemon.cli('status')).stdout, /vpc-test/);
  const stats = JSON.parse((await daemon.cli('cache', 'stats', '--json')).stdout);
  t.ok(stats.total.records.entries >= 1);
  t.match((await daemon.cli('cache', 'dump')).stdout, /www\.corp\.test\./);

  const zone = JSON.parse(
    (await daemon.cli('explain', 'www.internal.test', 'A', '--vpc', 'vpc-test', '--json')).stdout,
  );
  t.equal(zone.source, 'zone');
  t.match(zone.answer.answer, ['www.internal.test. 300 IN A 10.0.1.1']);
  const cached = JSON.parse(
    (await daemon.cli('explain', 'www.corp.test', 'A', '--vpc', 'vpc-test', '--json')).stdout,
  );
  t.equal(cached.source, 'cache');
  t.match(cached.candidates[0], { kind: 'forward', chosen: true, name: 'corp.test.' });
  const dry = JSON.parse(
    (await daemon.cli('explain', 'h1.corp.test', 'A', '--vpc', 'vpc-test', '--json')).stdout,
  );
  t.equal(dry.answer.answer.length, 0, 'no packet without --live');
  const live = JSON.parse(
    (await daemon.cli('explain', 'h1.corp.test', 'A', '--vpc', 'vpc-test', '--live', '--json')).stdout,
  );
  t.match(live.answer.answer, ['h1.corp.test. 300 IN A 10.0.0.1']);
  t.equal(live.upstream, `127.0.0.1:${nsd.port}`);

  t.equal((await daemon.cli('cache', 'flush', 'corp.test', '--subtree')).code, 0);
  const flushed = JSON.parse(
    (await daemon.cli('explain', 'www.corp.test', 'A', '--vpc', 'vpc-test', '--json')).stdout,
  );
  t.equal(flushed.answer.answer.length, 0);
});

t.test('SIGTERM: what is in flight is answered, then exit 0', { skip }, async (t) => {
  const nsd = await startNsd({ zones: { 'corp.test.': zoneText('10.9.0.1') } });
  t.teardown(() => nsd.stop());
  const metrics = await freePort();
  const config = configOf({ rules: [forwardRule('corp.test.', [nsd])] });
  const daemon = await startDaemon({
    config: config.replace('metrics: off', `metrics: "127.0.0.1:${metrics}"`),
  });
  nsd.pause();
  const waiting = dig(at(daemon), '+time=10', 'www.corp.test.', 'A');
  await until(
    async () => (await sumOf(metrics, 'causeway_upstream_queries_total')) > 0,
    'the query to be forwarded',
  );
  daemon.kill('SIGTERM');
  await until(() => daemon.log().includes('what is in flight is finished'), 'the signal to be heard');
  nsd.resume();
  const reply = await waiting;
  t.equal(reply.answers[0]?.rdata, '10.9.0.1', 'the answer came after the signal');
  t.equal(await daemon.stop(), 0);
});

/** Making a PID namespace takes privileges that not every machine gives. */
const canUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;

t.test(
  'as PID 1: it serves, reloads, and ends on SIGTERM',
  { skip: skip || (!canUnshare && 'no PID namespace') },
  async (t) => {
    const daemon = await startDaemon({
      config: configOf({ zones: ['{ name: internal.test., file: internal.zone, vpcs: [vpc-test] }'] }),
      files: { 'internal.zone': zoneText('10.0.1.1') },
      under: ['unshare', '--pid', '--fork', '--kill-child'],
    });
    t.equal((await dig(at(daemon), 'www.internal.test.', 'A')).answers[0]?.rdata, '10.0.1.1');
    writeFileSync(join(daemon.folder, 'internal.zone'), zoneText('10.0.1.2'));
    daemon.kill('SIGHUP');
    let served: string | undefined;
    for (let i = 0; i < 50 && served !== '10.0.1.2'; i++) {
      await sleep(100);
      served = (await dig(at(daemon), 'www.internal.test.', 'A')).answers[0]?.rdata;
    }
    t.equal(served, '10.0.1.2');
    t.equal(await daemon.stop(), 0);
  },
);
