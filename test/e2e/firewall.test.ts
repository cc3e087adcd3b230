/** DNS Firewall as an operator has it: lists in files, blocked names by dig, a list of 250,000 that is swapped. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { missing, startNsd } from '../support/servers.ts';
import { until } from '../support/sockets.ts';
import { APEX, forwardRule } from './config.ts';

const skip = missing('dig', 'nsd');

const DOMAINS = 250_000;
const domain = (i: number, tld: string): string => `host${i}.blocked${i % 977}.${tld}`;
const listOf = (tld: string): string =>
  Array.from({ length: DOMAINS }, (_, i) => `${domain(i, tld)}\n`).join('');

const ZONE = `${APEX}good 300 A 10.8.0.1
sink 300 A 10.8.0.99
bad 300 A 10.8.0.66
alias 300 CNAME bad
`;

const configOf = (rule: string): string => `
node: { name: fw, state: ./state, workers: 2, rateLimit: off }
vpcs:
  - { id: v, cidrs: [127.0.0.0/24], firewall: { groups: [{ group: base, priority: 101 }] } }
  - { id: free, cidrs: [127.0.1.0/24] }
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], vpc: by-source, allow: [127.0.0.0/8] }]
  outbound: [{ id: out-1 }]
rules: [${rule}]
logs: [{ id: fw, to: logs/firewall.jsonl, vpcs: [v], firewallActions: [ALERT, BLOCK] }]
firewall:
  lists: [{ id: bad, domains: [bad.corp.test] }, { id: watched, domains: [good.corp.test] }, { id: long, file: long.txt }]
  groups:
    - id: base
      rules:
        - { priority: 1, list: bad, action: block, response: override, override: { domain: sink.corp.test, ttl: 20s } }
        - { priority: 2, list: watched, action: alert }
        - { priority: 3, list: long, action: block, response: nxdomain }
`;

t.test(
  'blocked, alerted, overridden; another VPC is not concerned; a list is swapped',
  { skip },
  async (t) => {
    const nsd = await startNsd({ zones: { 'corp.test.': ZONE } });
    t.teardown(() => nsd.stop());
    const rule = forwardRule('corp.test.', [nsd]).replace(/vpcs: \[[^\]]*\]/, 'vpcs: [v, free]');
    const daemon = await startDaemon({ config: configOf(rule), files: { 'long.txt': listOf('one.test') } });
    t.teardown(() => daemon.stop());
    const server = at(daemon);
    const ask = async (name: string, ...more: string[]) => {
      const { status, answers, ede } = await dig(server, name, 'A', ...more);
      return {
        status,
        answers: answers.map(({ type, rdata }) => `${type} ${rdata}`),
        ede: ede.map(({ code }) => code),
      };
    };
    for (let round = 0; round < 4; round++) {
      const sunk = { status: 'NOERROR', answers: ['CNAME sink.corp.test.', 'A 10.8.0.99'], ede: [4] };
      t.match(await ask('bad.corp.test'), sunk);
      t.match(await ask('alias.corp.test'), sunk, 'what an alias leads to');
      t.match(await ask('good.corp.test'), { answers: ['A 10.8.0.1'] });
      t.match(await ask(domain(7, 'one.test')), { status: 'NXDOMAIN', answers: [], ede: [15] });
      t.match(await ask('bad.corp.test', '-b', '127.0.1.1'), { answers: ['A 10.8.0.66'] }, 'of another VPC');
    }
    const logged = (): Record<string, string>[] => {
      const file = join(daemon.folder, 'state/logs/firewall.jsonl');
      if (!existsSync(file)) return [];
      return readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line) => (line === '' ? [] : JSON.parse(line)));
    };
    await until(() => logged().length === 16, 'sixteen lines, of hits too');
    const counts = new Map<string, number>();
    for (const {
      query_name,
      firewall_rule_action,
      firewall_domain_list_id,
      firewall_rule_group_id,
    } of logged()) {
      const text = [query_name, firewall_rule_action, firewall_domain_list_id, firewall_rule_group_id].join(
        ' ',
      );
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    t.same(Object.fromEntries(counts), {
      'bad.corp.test. BLOCK bad base': 4,
      'alias.corp.test. BLOCK bad base': 4,
      'good.corp.test. ALERT watched base': 4,
      [`${domain(7, 'one.test')}. BLOCK long base`]: 4,
    });
    const { stdout } = await daemon.cli('explain', 'alias.corp.test', 'A', '--client', '127.0.0.9');
    t.match(stdout, /firewall\s+bad\.corp\.test\.: block \(rule group base, list bad\)/);
    const blocked = await daemon.cli('explain', domain(7, 'one.test'), 'A', '--client', '127.0.0.9');
    t.match(blocked.stdout, /test\.\s+local .* not asked/, 'what stands behind the firewall');

    writeFileSync(join(daemon.folder, 'long.txt'), listOf('two.test'));
    const reload = await daemon.cli('reload');
    t.match(reload, { code: 0, stdout: /firewall list long: 500000 domains changed/ });
    t.match(await ask(domain(7, 'two.test')), { status: 'NXDOMAIN', ede: [15] });
    t.notSame((await ask(domain(7, 'one.test'))).ede, [15], 'no longer blocked, cached or not');

    writeFileSync(join(daemon.folder, 'long.txt'), 'fine.example\nnot a domain\n');
    t.match(await daemon.cli('reload'), { code: 1, stderr: /long\.txt:2:1: "not a domain" is not a domain/ });
    t.match(await ask(domain(7, 'two.test')), { status: 'NXDOMAIN' }, 'what was in force stays');
  },
);
