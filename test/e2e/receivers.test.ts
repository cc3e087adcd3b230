/** Logs that go elsewhere, by a whole daemon: dnstap, HTTP, syslog; and what is asked most. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { dig } from '../support/dig.ts';
import { startCapture } from '../support/fstrm.ts';
import { missing } from '../support/servers.ts';
import { startWorld, until } from './logged.ts';

t.test(
  'to receivers elsewhere: dnstap, HTTP, syslog',
  { skip: missing('dig', 'fstrm_capture', 'dnstap-read') },
  async (t) => {
    const folder = t.testdir();
    const at = { way: 'unix', path: join(folder, 'sock') } as const;
    const capture = await startCapture(at, join(folder, 'taken'));
    const posts: string[] = [];
    const collector = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => posts.push(chunk));
      request.on('end', () => response.writeHead(204).end());
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    t.teardown(() => collector.close());
    const { port } = collector.address() as AddressInfo;
    const syslog = createSocket('udp4');
    const datagrams: string[] = [];
    syslog.on('message', (octets) => datagrams.push(octets.toString()));
    await new Promise<void>((resolve) => syslog.bind(0, '127.0.0.1', resolve));
    t.teardown(() => syslog.close());
    const { daemon, authority, ask } = await startWorld(t, [
      `{ id: post, to: "http://127.0.0.1:${port}/", vpcs: [vpc-a], hits: true }`,
      `{ id: sys, to: "syslog+udp://127.0.0.1:${syslog.address().port}", vpcs: [vpc-a], hits: true }`,
      `{ id: tap, to: "unix:${at.path}", format: dnstap, vpcs: [vpc-a], zones: [org] }`,
    ]);
    await ask('www.corp.example', 'A', '+norecurse', '+qid=7');
    await ask('www.corp.example', 'A', '+subnet=203.0.113.0/24', '+qid=8');
    await ask('www.corp.example', 'AAAA', '+tcp', '+qid=9');
    await ask('www.corp.example', 'A', '+noedns', '+qid=10');
    await dig('@127.0.0.1', '-p', String(authority), 'www.example.org', 'A', '+qid=11');
    const top = async () => JSON.parse((await daemon.cli('top', '--vpc', 'vpc-a', '--json')).stdout);
    // What is asked without RD is not among the last questions.
    const asked = [
      { vpc: 'vpc-a', what: 'www.corp.example. A', questions: 2 },
      { vpc: 'vpc-a', what: 'www.corp.example. AAAA', questions: 1 },
    ];
    // Each second those that came since are counted.
    await until(async () => isDeepStrictEqual((await top()).entries, asked), 'what was asked most');
    t.match(
      (await daemon.cli('top', 'clients')).stdout,
      /QUESTIONS +SHARE +CLIENT +VPC\n.* 127\.0\.0\.1 +vpc-a/,
    );
    daemon.kill('SIGTERM');
    await until(() => /"stopped"/.test(daemon.log()), 'the end');
    const { messages } = await capture.stop();
    t.equal(posts.join('').match(/"query_name":"www\.corp\.example\."/g)?.length, 4);
    await until(() => datagrams.length === 4, 'what the kernel has');
    t.match(datagrams[0], /^<134>1 \S+Z FRA6 causeway \d+ sys - \{"version"/);
    t.match(messages[0]?.identity, 'FRA6');
    const told = messages.map(({ message }) => {
      const data = message.query_message_data ?? message.response_message_data;
      const { id, flags, ANSWER_SECTION: answer = [] } = data!;
      return `${message.type} ${message.socket_protocol} ${id} ${flags} ${answer.join()}`.trimEnd();
    });
    t.same(told, [
      'CLIENT_QUERY UDP 7 ad',
      'CLIENT_RESPONSE UDP 7 qr aa ra www.corp.example. 60 IN A 10.7.7.7',
      'CLIENT_QUERY UDP 8 rd ad',
      'CLIENT_RESPONSE UDP 8 qr aa rd ra www.corp.example. 60 IN A 10.7.7.7',
      'CLIENT_QUERY TCP 9 rd ad',
      'CLIENT_RESPONSE TCP 9 qr aa rd ra',
      'CLIENT_QUERY UDP 10 rd ad',
      'CLIENT_RESPONSE UDP 10 qr aa rd ra www.corp.example. 60 IN A 10.7.7.7',
      'AUTH_QUERY UDP 11 rd ad',
      'AUTH_RESPONSE UDP 11 qr aa rd www.example.org. 60 IN A 198.51.100.80',
    ]);
  },
);
