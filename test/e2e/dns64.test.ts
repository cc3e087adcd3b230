import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { missing, startNsd, startUnbound } from '../support/servers.ts';
import { APEX, configOf, forwardRule } from './config.ts';

const skip = missing('dig', 'nsd', 'unbound');

const ZONE = `${APEX}
v4 60 A 192.0.2.33
v4 60 A 192.0.2.34
long 3600 A 192.0.2.1
both 60 A 192.0.2.1
both 60 AAAA 2001:db8::1
v6 60 AAAA 2001:db8::2
txt 60 TXT "t"
to4 120 CNAME v4
to6 60 CNAME v6
tonone 60 CNAME none
totxt 60 CNAME txt
chain 60 CNAME to4
a.ent 60 A 192.0.2.5
*.wild 60 A 192.0.2.6
old 60 DNAME new
x.new 60 A 192.0.2.7
private 60 A 10.1.2.3
`;
const NAMES = [
  ...['v4', 'long', 'both', 'v6', 'txt', 'to4', 'to6', 'tonone', 'totxt', 'chain', 'ent', 'a.ent'],
  ...['x.wild', 'wild', 'x.old', 'y.old', 'private', 'none', 'ns'],
];

for (const prefix of ['64:ff9b::/96', '2001:db8:64:ff00::/64'])
  t.test(`DNS64 under ${prefix} says what Unbound's says`, { skip }, async (t) => {
    const nsd = await startNsd({ zones: { 'corp.example.': ZONE } });
    t.teardown(() => nsd.stop());
    const unbound = await startUnbound({
      stub: { 'corp.example.': [nsd] },
      extra: ['module-config: "dns64 iterator"', `dns64-prefix: ${prefix}`],
    });
    t.teardown(() => unbound.stop());
    const daemon = await startDaemon({
      config: configOf({
        vpcs: [
          `{ id: vpc-test, region: eu-central-1, cidrs: [127.0.0.0/8], dns64: { prefix: "${prefix}" } }`,
        ],
        rules: [forwardRule('corp.example.', [nsd])],
      }),
    });
    t.teardown(() => daemon.stop());
    let made = 0;
    for (const name of NAMES)
      for (const type of ['AAAA', 'A']) {
        // Not the TTL: Unbound does not heed the SOA as RFC 6147 section 5.1.7 asks.
        const ask = async (server: { address: string; port: number }) => {
          const { status, answers } = await dig(at(server), `${name}.corp.example.`, type);
          return [status, ...answers.map(({ name, type, rdata }) => `${name} ${type} ${rdata}`).toSorted()];
        };
        const ours = await ask(daemon);
        t.same(ours, await ask(unbound), `${name} ${type}`);
        if (type === 'AAAA' && !ours.join().includes('2001:db8::') && ours.join().includes('AAAA')) made++;
      }
    t.equal(made, 9, 'names that have an address by it alone');
  });
