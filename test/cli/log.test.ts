/** Logs of queries, searched where no daemon runs. */
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { LogFile } from '../../src/control/logs/logfile.ts';
import { systemClock } from '../../src/util/clock.ts';
import { surroundings } from '../control/logs/support.ts';
import { cli } from '../support/cli.ts';
import { logFolder } from '../support/logfolder.ts';

const { folder, configFile } = logFolder(t, [
  '{ id: q, to: logs/q.jsonl, vpcs: [vpc-a] }',
  '{ id: p, to: logs/p.log, format: public, zones: [org] }',
  '{ id: none, to: logs/none, vpcs: [vpc-a] }',
  '{ id: busy, to: logs/busy, vpcs: [vpc-a] }',
  '{ id: out, to: stdout, vpcs: [vpc-a] }',
]);

interface Record {
  readonly hour: number;
  readonly name: string;
  readonly type?: string;
  readonly rcode?: string;
  readonly client?: string;
  readonly vpc?: string;
  readonly answers?: readonly string[];
  readonly action?: string;
}

const line = ({ hour, name, type = 'A', rcode = 'NOERROR', client = '10.1.0.1', ...more }: Record): string =>
  `${JSON.stringify({
    version: '1.100000',
    vpc_id: more.vpc ?? 'vpc-a',
    query_timestamp: `2026-03-09T${String(hour).padStart(2, '0')}:00:00Z`,
    query_name: name,
    query_type: type,
    rcode,
    answers: (more.answers ?? []).map((Rdata) => ({ Rdata, Type: type, Class: 'IN' })),
    srcaddr: client,
    transport: 'UDP',
    ...(more.action === undefined ? {} : { firewall_rule_action: more.action }),
  })}\n`;

const logs = join(folder, 'state', 'logs');
mkdirSync(logs, { recursive: true });
writeFileSync(
  join(logs, 'q.jsonl.20260309T020000.000Z.gz'),
  gzipSync(line({ hour: 1, name: 'www.corp.example.', answers: ['10.1.1.1', '10.1.1.2'] })),
);
writeFileSync(
  join(logs, 'q.jsonl.20260309T040000.000Z'),
  line({ hour: 3, name: 'WWW.Corp.Example.', type: 'AAAA', client: '2001:db8::7' }),
);
writeFileSync(
  join(logs, 'q.jsonl'),
  line({ hour: 5, name: 'no.corp.example.', rcode: 'NXDOMAIN', vpc: 'vpc-b' }) +
    line({ hour: 6, name: 'bad.example.', client: '10.9.9.9', action: 'BLOCK' }) +
    'not a line\n{"half":',
);
writeFileSync(
  join(logs, 'p.log'),
  '1.0 2026-03-09T02:30:00.113Z org www.example.org A NOERROR UDP FRA6 192.0.2.53 -\n' +
    '1.0 2026-03-09T05:30:00.113Z org corp.example.example.org A SERVFAIL TCP FRA6 192.0.2.53 198.51.100.0/24\n',
);

const config = ['--config', configFile];
const hours = async (...args: readonly string[]): Promise<string> => {
  const { out } = await cli(['log', 'search', '--json', ...args, ...config]);
  const times = out.split('\n').filter((each) => each !== '');
  return times
    .map((each) => (JSON.parse(each).query_timestamp ?? JSON.parse(each).time).slice(11, 16))
    .join(' ');
};

t.test('search: files that were put aside first, in the order of time', async (t) => {
  t.same(await cli(['log', 'search', ...config]), {
    code: 0,
    out: [
      'TIME                      CLIENT       OF     NAME                       TYPE  RCODE     ANSWER',
      '2026-03-09T01:00:00Z      10.1.0.1     vpc-a  www.corp.example.          A     NOERROR   10.1.1.1, 10.1.1.2',
      '2026-03-09T02:30:00.113Z  192.0.2.53   org    www.example.org.           A     NOERROR   -',
      '2026-03-09T03:00:00Z      2001:db8::7  vpc-a  WWW.Corp.Example.          AAAA  NOERROR   -',
      '2026-03-09T05:00:00Z      10.1.0.1     vpc-b  no.corp.example.           A     NXDOMAIN  -',
      '2026-03-09T05:30:00.113Z  192.0.2.53   org    corp.example.example.org.  A     SERVFAIL  -',
      '2026-03-09T06:00:00Z      10.9.9.9     vpc-a  bad.example.               A     NOERROR   BLOCK',
      '',
    ].join('\n'),
    err: '',
  });
});

t.test('search: by each of its options, and by several', async (t) => {
  t.equal(await hours('--name', 'corp.example'), '01:00 03:00 05:00', 'a suffix in labels, in any case');
  t.equal(await hours('--type', 'aaaa'), '03:00');
  for (const type of ['AAAA', '28', 'type28']) t.equal(await hours('--type', type), '03:00', type);
  t.equal(await hours('--rcode', 'nxdomain'), '05:00');
  for (const rcode of ['3', 'rcode3', 'NXDomain']) t.equal(await hours('--rcode', rcode), '05:00', rcode);
  t.equal(await hours('--client', '10.1.0.0/16'), '01:00 05:00');
  t.equal(await hours('--client', '2001:db8::7'), '03:00');
  t.equal(await hours('--vpc', 'vpc-a'), '01:00 03:00 06:00');
  t.equal(await hours('--zone', 'org'), '02:30 05:30');
  t.equal(await hours('--action', 'block'), '06:00');
  t.equal(await hours('--since', '2026-03-09T03:00Z', '--until', '2026-03-09T05:30Z'), '03:00 05:00');
  t.equal(await hours('--since', '2026-03-09T04:30Z'), '05:00 05:30 06:00');
  t.equal(await hours('p', '--name', 'example.org', '--rcode', 'SERVFAIL'), '05:30');
  t.same(await cli(['log', 'search', '--name', 'nothing.example', ...config]), {
    code: 0,
    out: '',
    err: 'no query is logged that would be so\n',
  });
  t.match(await cli(['log', 'search', '--lines', '2', ...config]), {
    err: 'only the newest 2 are shown; --lines shows more\n',
  });
  t.equal(await hours('--lines', '2'), '05:30 06:00');
});

t.test('tail: the newest', async (t) => {
  const { out } = await cli(['log', 'tail', 'q', '--lines', '1', '--json', ...config]);
  t.equal(JSON.parse(out).query_name, 'bad.example.');
  t.same(
    await cli(['log', 'tail', 'none', ...config]),
    { code: 0, out: '', err: '' },
    'nothing is there yet',
  );
});

t.test('tail --follow: on into the file that takes the place of one that is put aside', async (t) => {
  const path = join(logs, 'none');
  writeFileSync(path, line({ hour: 7, name: 'before.example.' }));
  const bin = fileURLToPath(new URL('../../bin/causeway', import.meta.url));
  const child = spawn(bin, ['log', 'tail', 'none', '-f', '--json', '--type', 'A', ...config]);
  t.teardown(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  const seen = (): string[] => out.match(/(?<="query_name":")[^"]+/g) ?? [];
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await until(() => seen().length === 1);
  appendFileSync(
    path,
    line({ hour: 8, name: 'first.example.' }) + line({ hour: 8, name: 'x.example.', type: 'MX' }),
  );
  await until(() => seen().includes('first.example.'));
  appendFileSync(path, line({ hour: 9, name: 'last.example.' }).slice(0, 30));
  appendFileSync(path, line({ hour: 9, name: 'last.example.' }).slice(30));
  renameSync(path, `${path}.20260309T090000.000Z`);
  writeFileSync(path, line({ hour: 10, name: 'next.example.' }));
  await until(() => seen().includes('next.example.'));
  t.same(seen(), ['before.example.', 'first.example.', 'last.example.', 'next.example.']);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  t.equal(await ended, 0);
});

t.test('tail --follow: each line once, however often the file is put aside meanwhile', async (t) => {
  const rotation = { bytes: 4_096, keep: 10_000, compress: true };
  const file = new LogFile({ ...surroundings(), clock: systemClock, path: join(logs, 'busy') }, rotation);
  t.teardown(() => file.close());
  const written: string[] = [];
  const write = (): void => {
    for (let i = 0; i < 5; i++) {
      const name = `n${written.length}.example.`;
      written.push(name);
      file.add(line({ hour: 7, name }));
    }
    file.flush();
  };
  write();
  const writing = setInterval(write, 4);
  t.teardown(() => clearInterval(writing));
  const bin = fileURLToPath(new URL('../../bin/causeway', import.meta.url));
  const child = spawn(bin, ['log', 'tail', 'busy', '-f', '--json', '--lines', '1000000', ...config]);
  t.teardown(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  const seen = (): string[] => out.match(/(?<="query_name":")[^"]+/g) ?? [];
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await until(() => seen().length > 0);
  const followed = written.length + 1_000;
  await until(() => written.length >= followed);
  clearInterval(writing);
  await until(() => seen().includes(written.at(-1)!));
  t.same(seen(), written);
});

t.test('what is not right is told', async (t) => {
  for (const [args, fault] of [
    [['search', 'x'], /no log has the id "x"; there are q, p, none, busy, out/],
    [['tail', 'out'], /standard output/],
    [['search', '--since', 'noon'], /--since is "noon"/],
    [['search', '--client', '10.0.0'], /--client/],
    [
      ['search', '--type', 'FOO'],
      /--type is "FOO"; it is a type of records such as AAAA, TYPE65 or 65; see /,
    ],
    [['tail', '--type', '65536'], /--type is "65536"/],
    [['search', '--type', ''], /--type is ""/],
    [
      ['search', '--rcode', 'FOO'],
      /--rcode is "FOO"; it is NOERROR, FORMERR, .*, or a number such as 3 or RCODE3; see /,
    ],
    [['search', '--rcode', '4096'], /--rcode is "4096"/],
    [['search', '--rcode', 'toString'], /--rcode is "toString"/],
    [['search', '--action', 'foo'], /--action is "foo"; it is ALERT or BLOCK; see /],
    [['search', '--follow'], /does not follow/],
    [['search', '--lines', '0'], /--lines/],
    [['show'], /say `tail` or `search`/],
    [['tail', 'q', 'p'], /name one log/],
  ] as const) {
    const isUsage = !['x', 'out'].includes(args[1] ?? '');
    t.match(await cli(['log', ...args, ...config]), { code: isUsage ? 2 : 1, out: '', err: fault });
  }
});

t.test('search: types and rcodes that are logged by number, or once were', async (t) => {
  writeFileSync(
    join(logs, 'q.jsonl'),
    [
      line({ hour: 11, name: 'a.example.', type: 'HTTPS' }),
      line({ hour: 12, name: 'b.example.', type: 'TYPE65' }),
      line({ hour: 13, name: 'c.example.', type: 'TYPE65400', rcode: 'RCODE7' }),
      line({ hour: 14, name: 'd.example.', type: 'ANY', rcode: 'RCODE3' }),
    ].join(''),
  );
  const since = ['q', '--since', '2026-03-09T10:00Z'];
  for (const type of ['https', 'TYPE65', '65'])
    t.equal(await hours(...since, '--type', type), '11:00 12:00', type);
  t.equal(await hours(...since, '--type', '65400'), '13:00');
  t.equal(await hours(...since, '--type', '255'), '14:00');
  t.equal(await hours(...since, '--rcode', '7'), '13:00');
  t.equal(await hours(...since, '--rcode', 'NXDOMAIN'), '14:00');
});
