import { createSocket } from 'node:dgram';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cli } from '../support/cli.ts';
import { freePort } from '../support/ports.ts';
import { missing, startNsd } from '../support/servers.ts';

const skip = missing('nsd');
const zone = `
@ SOA ns.corp.test. hostmaster.corp.test. 1 7200 3600 1209600 300
@ NS ns
ns A 192.0.2.1
www A 192.0.2.7
www AAAA 2001:db8::7
mail MX 10 www
txt TXT "two words" "a\\"b\\200"
srv SRV 1 2 443 www
svc HTTPS 1 . alpn=h2
caa CAA 0 issue "ca.example"
odd TYPE65400 \\# 3 010203
big TXT ${Array.from({ length: 12 }, () => `"${'x'.repeat(250)}"`).join(' ')}
`;

t.test('against NSD', { skip }, async (t) => {
  const nsd = await startNsd({ zones: { 'corp.test.': zone } });
  t.teardown(() => nsd.stop());
  const at = [`@${nsd.address}`, '-p', String(nsd.port)];
  const query = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await cli(['query', ...at, ...args]);
    t.equal(code, 0, err);
    return out;
  };
  const plain = await query('WWW.corp.test');
  t.match(plain, /^WWW\.corp\.test\. A {2}NOERROR {2}aa rd\n/);
  t.match(plain, /\nanswer\nWWW\.corp\.test\. +300 {2}IN {2}A +192\.0\.2\.7\n/i);
  t.match(plain, /octets from 127\.0\.0\.1 port \d+ by UDP in \d+\.\d ms\n$/);
  t.match(await query('mail.corp.test', 'mx'), /MX {2}10 www\.corp\.test\.\n/);
  t.match(await query('txt.corp.test', 'TXT'), '"two words" "a\\"b\\200"');
  t.match(await query('srv.corp.test', 'SRV'), '1 2 443 www.corp.test.');
  t.match(await query('caa.corp.test', 'CAA'), '0 issue "ca.example"');
  t.match(await query('svc.corp.test', 'HTTPS'), /HTTPS {2}1 \. alpn="?h2"?\n/);
  t.match(await query('odd.corp.test', 'TYPE65400'), 'TYPE65400  \\# 3 010203');
  t.match(
    await query('no.corp.test'),
    /NXDOMAIN .*\n\nauthority\ncorp\.test\. .*SOA {2}ns\.corp\.test\. hostmaster\.corp\.test\. 1 /s,
  );
  t.match(await query('www.corp.test', '+tcp', '+norecurse'), /aa\n.* by TCP /s);
  t.match(await query('big.corp.test', 'TXT'), / by TCP /, 'a truncated reply is asked for again by TCP');
  const read = JSON.parse(await query('www.corp.test', 'AAAA', '--json', '--dnssec')) as object;
  t.match(read, {
    qname: 'www.corp.test.',
    qtype: 'AAAA',
    rcode: 'NOERROR',
    transport: 'udp',
    flags: ['aa', 'rd'],
    answer: [{ name: 'www.corp.test.', ttl: 300, class: 'IN', type: 'AAAA', data: '2001:db8::7' }],
    ede: [],
  });
});

t.test('without @SERVER it asks what the configuration listens on', { skip }, async (t) => {
  const nsd = await startNsd({ zones: { 'corp.test.': zone } });
  t.teardown(() => nsd.stop());
  const config = join(mkdtempSync(join(tmpdir(), 'causeway-')), 'c.yaml');
  writeFileSync(config, `endpoints: { inbound: [{ id: a, listen: ["0.0.0.0:${nsd.port}"] }] }\n`);
  t.match((await cli(['query', 'www.corp.test', '--config', config])).out, '192.0.2.7');
});

t.test('nobody there, a reply that does not decode, and one to somebody else', async (t) => {
  const port = await freePort();
  const refused = await cli(['query', '@127.0.0.1', '-p', String(port), 'a.example', '+tcp']);
  t.equal(refused.code, 1);
  t.match(refused.err, /^causeway: 127\.0\.0\.1 port \d+: nothing listens there; name a server with @SERVER/);

  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const other = Buffer.from(query);
    other[0]! ^= 1;
    other[2]! |= 0x80;
    socket.send(other, from.port, from.address);
    const garbage = Buffer.concat([
      query.subarray(0, 2),
      Buffer.from([0x80, 0, 0, 1, 0, 9, 0, 0, 0, 0]),
      Buffer.of(63),
    ]);
    socket.send(garbage, from.port, from.address);
  });
  await new Promise<void>((done) => void socket.bind(0, '127.0.0.1', done));
  const at = ['@127.0.0.1', '-p', String(socket.address().port)];
  const bad = await cli(['query', ...at, 'a.example']);
  t.equal(bad.code, 1);
  t.match(
    bad.err,
    /^causeway: the reply of 127\.0\.0\.1 port \d+ does not decode: [^\n]+; ask with another tool/,
  );
  socket.close();

  const closing = createServer((connection) => connection.end());
  await new Promise<void>((done) => void closing.listen(0, '127.0.0.1', done));
  const address = closing.address() as { port: number };
  const closed = await cli(['query', '@127.0.0.1', '-p', String(address.port), 'a.example', '+tcp']);
  t.match(closed.err, /closed without an answer/);
  closing.close();
});
