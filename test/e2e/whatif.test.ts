/** What a change or an outage would do: a real daemon tells of its own last questions, and goes on as before. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { WhatIfReport } from '../../src/view/whatif.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { missing } from '../support/servers.ts';
import { configOf } from './config.ts';

const skip = missing('dig');

const ZONES = `zones:
  - name: shop.example.
    vpcs: [vpc-a]
    records:
      - { name: www, type: A, ttl: 60, values: 10.1.0.1, setIdentifier: one, failover: PRIMARY, healthCheckId: hc-1 }
      - { name: www, type: A, ttl: 60, values: 10.1.0.2, setIdentifier: two, failover: SECONDARY }
      - { name: near, type: A, ttl: 60, values: 10.1.1.1, setIdentifier: eu, region: eu-central-1 }
      - { name: near, type: A, ttl: 60, values: 10.1.1.2, setIdentifier: us, region: us-east-1 }
      - { name: plain, type: A, ttl: 60, values: 10.1.2.1 }
healthChecks:
  - { id: hc-1, type: TCP, ipAddress: 127.0.0.1, port: 9, disabled: true }
`;

function config(zones = ZONES): string {
  return `${configOf({ vpcs: ['{ id: vpc-a, cidrs: [127.0.0.0/8], region: eu-central-1 }'] })}${zones}`;
}

async function whatIf(daemon: Daemon, ...options: string[]): Promise<WhatIfReport> {
  const { code, stdout, stderr } = await daemon.cli('what-if', '--json', ...options);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as WhatIfReport;
}

function told({ differences }: WhatIfReport): string[] {
  return differences
    .map(
      ({ qname, before, after }) =>
        `${qname} ${before.answer.join()} -> ${after.rcode} ${after.answer.join()}`,
    )
    .sort();
}

t.test('an outage is rehearsed and a change is tried', { skip }, async (t) => {
  const daemon = await startDaemon({ config: config() });
  t.teardown(() => daemon.stop());
  const ask = async (name: string): Promise<string | undefined> =>
    (await dig(at(daemon), `${name}.shop.example`, 'A')).answers[0]?.rdata;
  for (const name of ['www', 'near', 'plain', 'plain', 'none']) await ask(name);

  const down = await whatIf(daemon, '--assume', 'hc-1=unhealthy');
  // Each question once for each of two workers.
  t.ok(down.questions === 4 || down.questions === 5, String(down.questions));
  t.same(told(down), [
    'www.shop.example. www.shop.example. 60 IN A 10.1.0.1 -> NOERROR www.shop.example. 60 IN A 10.1.0.2',
  ]);
  t.same(told(await whatIf(daemon, '--assume', 'region=eu-central-1:down')), [
    'near.shop.example. near.shop.example. 60 IN A 10.1.1.1 -> NOERROR near.shop.example. 60 IN A 10.1.1.2',
  ]);

  const next = join(daemon.folder, 'next.yaml');
  const changed = ZONES.replace('10.1.2.1', '10.1.2.2').replace('name: plain', 'name: Plain');
  writeFileSync(next, config(changed).replaceAll('PORT', String(daemon.port)));
  t.same(told(await whatIf(daemon, '--change', next)), [
    'plain.shop.example. plain.shop.example. 60 IN A 10.1.2.1 -> NOERROR plain.shop.example. 60 IN A 10.1.2.2',
  ]);
  t.equal(await ask('plain'), '10.1.2.1', 'nothing of it is in force');

  const questions = join(daemon.folder, 'questions');
  writeFileSync(
    questions,
    '# two of them\nplain.shop.example A vpc-a 127.0.0.1\nwww.shop.example A vpc-a 127.0.0.1\n',
  );
  const listed = await whatIf(daemon, '--change', next, '--questions', questions);
  t.equal(listed.questions, 2);
  t.equal(listed.differences.length, 1);

  const text = await daemon.cli('what-if', '--assume', 'hc-1=unhealthy');
  t.equal(
    text.stdout.replace(/^[45] questions/m, 'N questions'),
    `www.shop.example. A for 127.0.0.1 in vpc-a
  - NOERROR by zone shop.example.@vpc-a
  - www.shop.example. 60 IN A 10.1.0.1
  + NOERROR by zone shop.example.@vpc-a
  + www.shop.example. 60 IN A 10.1.0.2
N questions tried: 1 would be answered otherwise
`,
  );
});

t.test('what cannot be tried is told', { skip }, async (t) => {
  const daemon = await startDaemon({ config: config() });
  t.teardown(() => daemon.stop());
  const fails = async (...options: string[]): Promise<string> =>
    (await daemon.cli('what-if', ...options)).stderr;
  t.match(await fails(), /say --change FILE or --assume WHAT/);
  t.match(await fails('--assume', 'hc-2=unhealthy'), /no health check "hc-2"/);
  t.match(await fails('--assume', 'region=mars:down'), /"mars" is no region of AWS/);
  t.match(await fails('--assume', 'hc-1=sick'), /"hc-1=sick" is nothing that can be assumed/);
  t.match(await fails('--change', 'nowhere.yaml'), /nowhere\.yaml cannot be tried: .*there is no such file/);
});
