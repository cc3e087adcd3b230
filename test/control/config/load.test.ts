import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { loadConfig } from '../../../src/control/config/load.ts';
import { problemToText } from '../../../src/control/config/problem.ts';
import { chapters, configSchema } from '../../../src/control/config/schema.ts';
import { errorsOf, good, load, shortly } from './support.ts';

t.test('all errors of all sections at once, in the order of the file', async (t) => {
  const text = `node: { name: edge 1, workres: 4 }
vpcs:
  - { id: vpc-corp, cidrs: [10.20.3.0/16] }
  - { id: vpc-corp, cidrs: [] }
endpoints:
  inbound:
    - { id: in-1, listen: ["127.0.0.1:5353"], protocols: [doq] }
rules:
  - { domain: "*.corp.example.", type: forward, outbund: out-1, targets: ["tlx://192.0.2.54"], vpcs: [vpc-cor] }
  - { domain: x, type: forward, targets: ["127.0.0.1:5353"], vpcs: [vpc-corp] }
zones:
  - { name: z, vpcs: [vpc-corp] }
`;
  t.same(
    errorsOf(text).map((error) => error.replace(/: .*/, '')),
    [
      '1:15 node.name',
      '1:23 node.workres',
      '3:29 vpcs[0].cidrs[0]',
      '4:11 vpcs[1].id',
      '7:59 endpoints.inbound[0].protocols[0]',
      '9:15 rules[0].domain',
      '9:49 rules[0].outbund',
      '9:75 rules[0].targets[0]',
      '9:103 rules[0].vpcs[0]',
      '10:43 rules[1].targets[0]',
      '12:5 zones[0]',
    ],
  );
  for (const error of load(text).errors ?? []) {
    t.not(error.remedy, '', `${shortly(error)} has a remedy`);
    t.match(problemToText(error), /^\/etc\/causeway\/causeway\.yaml:[0-9]+:[0-9]+: /);
  }
});

t.test('what is read is what the schema gives', async (t) => {
  const text = chapters.map(({ example }) => example).join('');
  const { config } = load(text, {
    '/etc/causeway/zones/internal.example.zone': '',
    '/etc/causeway/lists/malware.txt': '',
  });
  const parsed = configSchema.parse(parse(text));
  t.same({ ...config!.node }, parsed.node);
  t.same(config!.vpcs, parsed.vpcs);
  t.same(config!.endpoints, parsed.endpoints);
  t.same(
    // What becomes of targets is in targets.test.ts.
    config!.rules.map(({ id: _, targets: __, ...rule }) => rule),
    parsed.rules.filter(({ type }) => type !== 'delegate').map(({ id: _, targets: __, ...rule }) => rule),
  );
  t.match(
    config!.delegates.map(({ id: _, ...rule }) => rule),
    parsed.rules
      .filter(({ type }) => type === 'delegate')
      .map(({ delegationRecord, outbound, vpcs }) => ({ delegationRecord, outbound, vpcs })),
  );
  t.same(config!.recursion, parsed.recursion);
  t.same(
    config!.zones.map(({ id: _, apex: __, ...zone }) => zone),
    parsed.zones.map(({ id: _, ...zone }) => zone),
  );
  t.same(good('').node, configSchema.parse({}).node, 'defaults too');
});

t.test('relative paths start at the folder of the file', async (t) => {
  t.equal(good('').stateFolder, '/etc/causeway/state');
  t.equal(good('node: { state: ../state }').stateFolder, '/etc/state');
  t.equal(good('node: { state: /var/lib/causeway }').stateFolder, '/var/lib/causeway');
});

t.test('cookie secrets', async (t) => {
  const node = 'node: { cookies: { secretFile: secret } }';
  const secret = (text: string) => ({ '/etc/causeway/secret': text });
  const one = '00112233445566778899aabbccddeeff';
  const two = 'ffeeddccbbaa99887766554433221100';
  t.equal(Buffer.from(good(node, secret(`${one}\n`)).cookies!.current).toString('hex'), one);
  t.equal(Buffer.from(good(node, secret(`${one}\n${two}\n`)).cookies!.previous!).toString('hex'), two);
  t.equal(good('').cookies, undefined);
  for (const text of ['', 'x', one.slice(1), `${one}00`, `${one}\n${two}\n${one}\n`])
    t.match(errorsOf(node, secret(text)), [
      /1:32 node\.cookies\.secretFile: secret holds no cookie secret; write one or two lines of 32/,
    ]);
  t.match(errorsOf(node), [/there is no such file/]);
});

t.test('files that are none', async (t) => {
  const folder = t.testdir({ 'empty.yaml': '' });
  t.match(loadConfig(join(folder, 'nothing.yaml')).errors?.map(problemToText), [
    /nothing\.yaml:1:1: there is no such file; check the path/,
  ]);
  t.match(loadConfig(folder).errors?.map(problemToText), [/not a regular file/]);
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  t.match(
    loadConfig(join(folder, 'fifo')).errors?.map(problemToText),
    [/not a regular file/],
    'a FIFO would block',
  );
  t.equal(loadConfig(join(folder, 'empty.yaml')).errors, undefined);
});
