/** `examples/corporate`: resolvers forward zones to Causeway, and Causeway forwards the corporate names to them. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { exampleFile, KINDS, type Kind, type Site, startSite } from '../support/corporate.ts';
import { runCli } from '../support/daemon.ts';
import { type DigReply, dig } from '../support/dig.ts';
import { missing } from '../support/servers.ts';
import { findTool } from '../support/tools.ts';

// They wait most of the time: for loops to end, and for servers to come back.
t.jobs = 3;
const kinds = Object.keys(KINDS) as Kind[];

const CHECKS: Record<Kind, readonly string[]> = {
  named: ['named-checkconf'],
  unbound: ['unbound-checkconf'],
  dnsmasq: ['dnsmasq', '--test', '-C'],
};

for (const kind of kinds) {
  const [program, ...args] = CHECKS[kind];
  t.test(`${kind} takes the example's file`, { skip: missing(program!, kind) }, async (t) => {
    await t.resolves(promisify(execFile)(findTool(program!)!, [...args, exampleFile(KINDS[kind])]));
  });
}

t.test("causeway check takes the example's file", async (t) => {
  const { code, stdout, stderr } = await runCli(['check', '--config', exampleFile('causeway.yaml')]);
  t.equal(code, 0, stderr);
  t.match(stdout, /is right/);
});

/** Name, type, status and data, from both sides. */
const CASES: readonly (readonly [string, string, string, string])[] = [
  ['web.cloud.corp.example.', 'A', 'NOERROR', '10.20.1.80'],
  ['wiki.cloud.corp.example.', 'A', 'NOERROR', 'www.corp.example. 10.99.2.80'],
  ['none.cloud.corp.example.', 'A', 'NXDOMAIN', ''],
  ['web.cloud.corp.example.', 'TXT', 'NOERROR', ''],
  ['db.shared.example.', 'A', 'NOERROR', '10.20.1.5'],
  ['any.apps.shared.example.', 'A', 'NOERROR', '10.20.1.90'],
  ['80.1.20.10.in-addr.arpa.', 'PTR', 'NOERROR', 'web.cloud.corp.example.'],
  ['www.corp.example.', 'A', 'NOERROR', '10.99.2.80'],
  ['none.corp.example.', 'A', 'NXDOMAIN', ''],
  ['80.2.99.10.in-addr.arpa.', 'PTR', 'NOERROR', 'www.corp.example.'],
];
/** In lower case: BIND's cache keeps a name as whoever came first wrote it, and Causeway mixes the case (0x20). */
const data = (reply: DigReply): string => reply.answers.map((rr) => rr.rdata.toLowerCase()).join(' ');
const SIDES = ['corporate', 'VPC'] as const;

for (const kind of kinds)
  t.test(`${kind} and Causeway`, { skip: missing('dig', 'nsd', kind) }, async (t) => {
    const site = await startSite(t, kind);
    await askEachOther(t, site, kind);
    await circle(t, site, kind);
  });

async function askEachOther(t: Test, site: Site, kind: Kind): Promise<void> {
  for (const side of SIDES)
    for (const [name, type, status, rdata] of CASES)
      for (const more of ['+notcp', '+tcp', '+dnssec']) {
        const reply = await dig(site.ask[side], name, type, more);
        const found = { status: reply.status, data: data(reply) };
        t.same(found, { status, data: rdata }, `${name} ${type} ${more} from the side of ${side}`);
      }
  const corporate = await dig(site.ask.corporate, 'portal.corp.example.', 'A');
  // dnsmasq passes on what the server of the alias says, whose target is in a zone of Causeway's; it adds the
  // target's address only when it answers from its cache.
  if (kind === 'dnsmasq') t.match(data(corporate), /^web\.cloud\.corp\.example\.( 10\.20\.1\.80)?$/);
  else t.equal(data(corporate), 'web.cloud.corp.example. 10.20.1.80');
  const vpc = await dig(site.ask.VPC, 'portal.corp.example.', 'A');
  t.equal(data(vpc), 'web.cloud.corp.example. 10.20.1.80');
  const stranger = await dig(site.ask.stranger, '+time=1', 'db.shared.example.', 'A');
  t.equal(stranger.status, 'NOREPLY', 'only the corporate resolvers are let in');
}

/** Names that both sides forward to each other, asked on each. */
async function circle(t: Test, site: Site, kind: Kind): Promise<void> {
  const before = await site.packets();
  // Unbound sends no answer that took longer than 1.9 s; it has it, for some seconds, when it is asked again.
  const patient = ['+time=3', '+tries=8'];
  const lost = SIDES.map((side) => dig(site.ask[side], patient, `${side}.lost.corp.example.`, 'A'));
  await sleep(300);
  const meanwhile = await dig(site.ask.VPC, 'meanwhile.any.corp.example.', 'A');
  t.equal(data(meanwhile), '10.99.2.90', 'other names of the domain are resolved');
  for (const reply of await Promise.all(lost)) t.equal(reply.status, 'SERVFAIL');
  const after = await site.packets();
  // But for those that were asked again: on a slow machine a reply comes late.
  const sent = after.sent - before.sent - (after.timeouts - before.timeouts);
  const received = after.received - before.received;
  const loops = after.loops - before.loops;
  t.comment(`Causeway received ${received} and sent ${sent}, ${loops} loops seen`);
  // Four for each of the names, and the one that was answered.
  t.ok(sent <= 9, `${sent} sent`);
  // Each of them may come back, and be asked five times: so often Unbound asks a server that fails.
  t.ok(received <= 40, `${received} received`);
  if (kind === 'dnsmasq') t.equal(loops, 2, 'dnsmasq passes on the token by which Causeway knows itself');
  await sleep(1_000);
  const silence = await site.packets();
  const more = silence.sent - after.sent - (silence.timeouts - after.timeouts);
  t.ok(more <= 0, `and silence after: ${more} sent`);
  const later = await dig(site.ask.VPC, 'later.any.corp.example.', 'A');
  t.equal(data(later), '10.99.2.90', 'the resolver has not been given up');
}
