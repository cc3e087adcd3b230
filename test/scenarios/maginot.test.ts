/**
 * MaginotDNS (2023) and its kin: a forwarder, or who forges its replies, tries to plant names that nobody asked it
 * for. After each reply the cache holds what was asked and nothing else: every section, every kind of reply.
 */
import t from 'tap';
import { nameToText } from '../../src/wire/name.ts';
import { typeToText } from '../../src/wire/rdata/table.ts';
import { reply, type Script, Simulation, SOA } from '../support/simnet.ts';

/** What is planted, with the name that it is after. */
const BAIT = [
  'com. 86400 NS ns.evil.example.',
  '. 86400 NS ns.evil.example.',
  'test. 86400 NS ns.evil.example.',
  'corp.test. 86400 NS ns.evil.example.',
  'sibling.test. 86400 NS ns.evil.example.',
  'ns.evil.example. 86400 A 192.0.2.66',
  'a.root-servers.net. 86400 A 192.0.2.66',
  'www.sibling.test. 86400 A 192.0.2.66',
  'other.corp.test. 86400 A 192.0.2.66',
  'corp.test. 86400 DNAME evil.example.',
  'test. 86400 DNAME evil.example.',
  '. 86400 DNAME evil.example.',
  'com. 86400 SOA ns.evil.example. h.evil.example. 1 2 3 4 86400',
  'www.sibling.test. 86400 CNAME www.evil.example.',
];

/** The kinds of reply, and what may be in the cache after them. */
const KINDS: [what: string, script: Script, cached: string[]][] = [
  ['positive', { answer: ['www.corp.test. 300 A 192.0.2.1'] }, ['www.corp.test. A rrset']],
  [
    'alias',
    { answer: ['www.corp.test. 300 CNAME b.corp.test.', 'b.corp.test. 300 A 192.0.2.1'] },
    ['www.corp.test. CNAME rrset', 'b.corp.test. A rrset'],
  ],
  ['NODATA', { authority: [SOA] }, ['www.corp.test. A nodata']],
  ['NODATA without SOA', {}, []],
  ['NXDOMAIN', { rcode: 'NXDOMAIN', authority: [SOA] }, ['www.corp.test. TYPE0 nxdomain']],
  ['NXDOMAIN without SOA', { rcode: 'NXDOMAIN' }, []],
  ['referral', { authority: ['corp.test. 300 NS ns.corp.test.'] }, []],
  ['YXDOMAIN', { rcode: 'YXDOMAIN' }, []],
  ['SERVFAIL', { rcode: 'SERVFAIL' }, []],
  ['REFUSED', { rcode: 'REFUSED' }, []],
];

const SECTIONS = ['answer', 'authority', 'additional'] as const;

function cached(sim: Simulation): string[] {
  return sim.cache
    .dump(1000)
    .filter(({ cached }) => cached.kind !== 'failure')
    .map(({ name, type, cached }) => `${nameToText(name)} ${typeToText(type)} ${cached.kind}`)
    .sort();
}

for (const [what, script, expected] of KINDS)
  for (const section of SECTIONS)
    for (const order of ['before', 'after'] as const)
      t.test(`${what}, bait in the ${section} section ${order} the rest`, async (t) => {
        for (const truncatedFirst of [false, true]) {
          const sim = new Simulation();
          const own = script[section] ?? [];
          // A DNAME at the rule's own domain is the forwarder's to give: only then it redirects, and is left out here.
          const bait =
            section === 'answer' ? BAIT.filter((each) => !each.startsWith('corp.test. 86400 DNAME')) : BAIT;
          const baited = { ...script, [section]: order === 'before' ? [...bait, ...own] : [...own, ...bait] };
          const server = sim.net.server('192.0.2.53', (query) => {
            const flags = truncatedFirst && query.protocol === 'udp' ? 0x0380 : 0x0180;
            query.reply(reply(query, { ...baited, flags }));
          });
          await sim.ask('www.corp.test.', 'A', sim.path({ targets: [server] }));
          t.same(cached(sim), [...expected].sort());
        }
      });

t.test('nothing planted through one rule is found through another', async (t) => {
  const sim = new Simulation();
  const evil = sim.net.server('192.0.2.66', (query) =>
    query.reply(
      reply(query, {
        answer: [`${query.name} 300 CNAME www.bank.test.`, 'www.bank.test. 86400 A 192.0.2.66'],
      }),
    ),
  );
  const honest = sim.net.server('192.0.2.53', (query) =>
    query.reply(reply(query, { answer: ['www.bank.test. 300 A 192.0.2.1'] })),
  );
  const rule = sim.path({ targets: [evil] });
  const root = sim.path({ targets: [honest], domain: '.' });
  await sim.ask('x.corp.test.', 'A', rule);
  t.match(await sim.ask('www.bank.test.', 'A', root), { source: 'upstream', upstream: '192.0.2.53:53' });
});

t.test('public NXDOMAIN of a parent does not hide a rule’s names (CVE-2026-44687)', async (t) => {
  const sim = new Simulation();
  const root = sim.net.server('192.0.2.1', (query) =>
    query.reply(reply(query, { rcode: 'NXDOMAIN', authority: ['. 86400 SOA a. b. 1 2 3 4 86400'] })),
  );
  const server = sim.net.server('192.0.2.53', (query) =>
    query.reply(reply(query, { answer: [`${query.name} 300 A 192.0.2.1`] })),
  );
  const everything = sim.path({ targets: [root], domain: '.' });
  const rule = sim.path({ targets: [server] });
  for (const name of ['test.', 'corp.test.', 'www.corp.test.']) await sim.ask(name, 'A', everything);
  t.match(await sim.ask('www.corp.test.', 'A', rule), { outcome: 'answer' });
});
