import { existsSync } from 'node:fs';
import t from 'tap';
import { at, dig, kdig } from './dig.ts';
import { freePort } from './ports.ts';
import { missing, startKnot, startNsd, startUnbound } from './servers.ts';

const ZONE = `
@ SOA ns admin 1 3600 600 86400 60
  NS ns
ns A 192.0.2.1
text TXT "two  blanks" "and; this"
big TXT ${`"${'x'.repeat(250)}" `.repeat(6)}
`;

for (const [program, start] of [
  ['nsd', startNsd],
  ['knotd', startKnot],
] as const) {
  t.test(
    `${program} serves a zone until it is stopped`,
    { skip: missing(program, 'dig', 'kdig') },
    async (t) => {
      const server = await start({ zones: { 'corp.example.': ZONE, 'test.': ZONE }, address: '127.0.0.3' });
      t.teardown(() => server.stop());

      const soa = await dig(at(server), 'corp.example.', 'SOA', '+norec');
      t.match(soa, {
        status: 'NOERROR',
        opcode: 'QUERY',
        transport: 'UDP',
        exitCode: 0,
        retriedByTcp: false,
      });
      t.same(soa.flags, ['qr', 'aa']);
      t.same(soa.questions, ['corp.example. IN SOA']);
      t.equal(
        soa.answers[0]?.text,
        'corp.example. 300 IN SOA ns.corp.example. admin.corp.example. 1 3600 600 86400 60',
      );
      t.equal(soa.edns?.length, 1);
      t.equal((await dig(at(server), 'text.test.', 'TXT')).answers[0]?.rdata, '"two  blanks" "and; this"');

      const no = await kdig(at(server), 'nope.corp.example.', 'A');
      t.match(no, {
        status: 'NXDOMAIN',
        flags: ['qr', 'aa', 'rd'],
        answers: [],
        edns: undefined,
        transport: 'UDP',
      });
      t.equal(no.authority[0]?.type, 'SOA');

      for (const big of [
        await dig(at(server), 'big.test.', 'TXT'),
        await kdig(at(server), 'big.test.', 'TXT'),
      ]) {
        t.match(big, { status: 'NOERROR', transport: 'TCP', retriedByTcp: true });
        t.ok(big.size > 1500, `${big.size} octets`);
      }

      await server.stop();
      t.throws(() => process.kill(server.pid, 0), 'the process is gone');
      t.notOk(existsSync(server.folder), 'the folder is gone');
      t.equal((await dig(at(server), 'corp.example.', 'SOA', '+time=1')).status, 'NOREPLY');
    },
  );
}

t.test(
  'unbound forwards, stubs and answers local data',
  { skip: missing('unbound', 'nsd', 'dig') },
  async (t) => {
    const nsd = await startNsd({ zones: { 'corp.example.': ZONE, 'test.': ZONE }, address: '127.0.0.4' });
    t.teardown(() => nsd.stop());
    const unbound = await startUnbound({
      address: '::1',
      forward: { 'corp.example.': [nsd] },
      stub: { 'test.': [`${nsd.address}@${nsd.port}`] },
      localData: ['local.example. 60 IN TXT "hello"'],
      extra: ['ede: yes'],
    });
    t.teardown(() => unbound.stop());
    t.equal(
      (await dig(at(unbound), 'ns.corp.example.', 'A')).answers[0]?.text,
      'ns.corp.example. 300 IN A 192.0.2.1',
    );
    t.equal((await dig(at(unbound), 'ns.test.', 'A')).answers[0]?.rdata, '192.0.2.1');
    t.equal((await dig(at(unbound), 'local.example.', 'TXT')).answers[0]?.rdata, '"hello"');

    nsd.pause();
    t.equal((await dig(at(nsd), 'ns.test.', 'A', '+time=1')).status, 'NOREPLY', 'paused');
    nsd.resume();
    t.equal((await dig(at(nsd), 'ns.test.', 'A')).status, 'NOERROR', 'resumed');
  },
);

t.test('a server that cannot start says why', { skip: missing('nsd') }, async (t) => {
  const failed = startNsd({ zones: {}, port: await freePort(), extra: ['no-such-option: 1'] });
  await t.rejects(failed, /nsd does not answer[\s\S]*no-such-option/);
});
