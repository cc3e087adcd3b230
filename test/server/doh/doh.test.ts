/** DNS over HTTPS by Node's client: what is answered, in which words, and how connections end. */
import { once } from 'node:events';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:tls';
import t from 'tap';
import { FIRST_MS, QUERY_OCTETS_MAX } from '../../../src/server/connection.ts';
import { IDLE_MS } from '../../../src/server/tcpclients.ts';
import { type HttpReply, selfSigned, serveDoh } from '../../support/doh.ts';
import { missing } from '../../support/servers.ts';
import { Handler, idOf, query, reply, textOf, until } from '../../support/sockets.ts';

const skip = missing('openssl');
const credentials = selfSigned(t);

const PATH = '/dns-query';

/** By HTTP/1.1, on a connection of its own. */
function http1(
  port: number,
  path: string,
  { method = 'GET', headers = {}, content }: { method?: string; headers?: object; content?: Uint8Array } = {},
): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path, method, headers: { ...headers }, ca: credentials.cert };
    const request = requestHttps({ ...options, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.on('error', reject);
    request.end(content);
  });
}

t.test('GET and POST, by HTTP/2 and 1.1', { skip }, async (t) => {
  const { http2, handler, port, clients, count } = await serveDoh(t, credentials);
  const client = http2();
  const type = { 'content-type': 'application/dns-message' };
  const url = (octets: Uint8Array): string => `${PATH}?dns=${Buffer.from(octets).toString('base64url')}`;
  const replies = [
    await client.get(query(7, 'a')),
    await client.post(query(7, 'b')),
    await http1(port, url(query(7, 'c'))),
    await http1(port, PATH, { method: 'POST', headers: type, content: query(7, 'd') }),
  ];
  for (const [i, { status, headers, body }] of replies.entries()) {
    t.equal(status, 200);
    t.equal(headers['content-type'], 'application/dns-message');
    t.equal(headers['content-length'], String(body.length));
    t.equal(idOf(body), 7);
    t.equal(textOf(body), 'abcd'[i]);
  }
  t.match(handler.asked[0]!.client, { transport: 'doh', endpoint: 3 });
  t.equal(client.session.alpnProtocol, 'h2');
  await until(() => clients.total === 1, 'the end of those by 1.1');
  client.session.close();
  await until(() => clients.total === 0, 'the end');
  t.equal(count('tcpAccepted'), 3);
  t.equal(count('workerErrors'), 0);
});

t.test('an ID of 0 stays 0 and is another one in between, which turns RRsets', { skip }, async (t) => {
  const { http2, handler } = await serveDoh(t, credentials);
  const client = http2();
  for (let i = 0; i < 20; i++) {
    const { body } = await (i % 2 === 0 ? client.get(query(0, 'x')) : client.post(query(0, 'x')));
    t.equal(idOf(body), 0);
  }
  const ids = new Set(handler.asked.map((asked) => idOf(asked.query)));
  t.ok(ids.size > 10, `${ids.size} IDs`);
});

t.test('what is no query gets the status that says why', { skip }, async (t) => {
  const { http2, port, count, handler } = await serveDoh(t, credentials);
  const client = http2();
  const message = { 'content-type': 'application/dns-message' };
  const big = 'A'.repeat(Math.ceil((QUERY_OCTETS_MAX * 4) / 3) + 1);
  const cases: [number, string, string, object?, Uint8Array?][] = [
    [404, 'GET', '/'],
    [404, 'GET', '/dns-query/?dns=AAAA'],
    [404, 'POST', '/dns', message, query(1)],
    [405, 'PUT', PATH, message, query(1)],
    [405, 'DELETE', PATH],
    [405, 'HEAD', PATH],
    [400, 'GET', PATH],
    [400, 'GET', `${PATH}?`],
    [400, 'GET', `${PATH}?dns=`],
    [400, 'GET', `${PATH}?dns=AAAA`],
    [400, 'GET', `${PATH}?dns=${query(1).toString('base64url')}=`],
    [400, 'GET', `${PATH}?dns=${query(1).toString('base64url')}*`],
    [400, 'GET', `${PATH}?dns=${Buffer.from(query(1).fill(0x80, 2, 3)).toString('base64url')}`],
    [400, 'GET', `${PATH}?name=www.example&type=A`],
    [400, 'POST', PATH, message, Buffer.alloc(0)],
    [414, 'GET', `${PATH}?dns=${big}`],
    [413, 'POST', PATH, message, Buffer.alloc(QUERY_OCTETS_MAX + 1)],
    [415, 'POST', PATH, { 'content-type': 'application/json' }, query(1)],
    [415, 'POST', PATH, {}, query(1)],
    [200, 'POST', PATH, { 'content-type': 'Application/DNS-Message; charset=x' }, query(1)],
    [200, 'GET', `${PATH}?a=b&dns=${query(1).toString('base64url')}&c`],
  ];
  // As the pipeline, which says nothing to what is no query.
  handler.answer = (octets) => (octets.length < 12 || (octets[2]! & 0x80) !== 0 ? undefined : octets);
  for (const [status, method, path, headers = {}, content] of cases) {
    const name = `${method} ${path.slice(0, 40)} ${JSON.stringify(headers)}`;
    // Each on a connection of its own: those that bring nothing end one.
    const two = await client.ask({ ':method': method, ':path': path, ...headers }, content);
    t.equal(two.status, status, name);
    const one = await http1(port, path, { method, headers, content: content! });
    t.equal(one.status, status, `${name} by 1.1`);
    t.equal(one.headers['allow'], status === 405 ? 'GET, POST' : undefined);
    t.equal(two.headers['allow'], one.headers['allow']);
    if (method !== 'HEAD' && status !== 200) t.equal(String(two.body), String(one.body));
  }
  const refused = cases.filter(([status]) => status !== 200).length;
  t.equal(count('dohRefused'), 2 * refused);
  t.equal(count('workerErrors'), 0);
});

t.test(
  'HTTP/1.1: the target of a request may be a whole URL (RFC 9112 section 3.2.2)',
  { skip },
  async (t) => {
    const { port } = await serveDoh(t, credentials);
    const behind = `?dns=${query(7, 'a').toString('base64url')}`;
    const cases: [number, string][] = [
      [200, `https://127.0.0.1${PATH}${behind}`],
      [200, `https://dns.example:${port}${PATH}${behind}`],
      [200, `HTTPS://[::1]:443${PATH}${behind}`],
      [404, `https://dns.example/${behind}`],
      [404, `https://dns.example${behind}`],
      [404, 'https://dns.example'],
      [404, `https://dns.example/https://dns.example${PATH}${behind}`],
      // Who asks for that has not come to us by it.
      [404, `http://dns.example${PATH}${behind}`],
    ];
    for (const [status, target] of cases) {
      const reply = await http1(port, target);
      t.equal(reply.status, status, target);
      if (status === 200) t.equal(textOf(reply.body), 'a');
    }
    const type = { 'content-type': 'application/dns-message' };
    const url = `https://dns.example${PATH}`;
    const posted = await http1(port, url, { method: 'POST', headers: type, content: query(7, 'b') });
    t.equal(textOf(posted.body), 'b');
  },
);

t.test('the length of a content counts, not what is said of it', { skip }, async (t) => {
  const { http2, handler } = await serveDoh(t, credentials);
  const client = http2();
  const headers = { ':method': 'POST', ':path': PATH, 'content-type': 'application/dns-message' };
  const said = { ...headers, 'content-length': String(QUERY_OCTETS_MAX + 1) };
  t.equal((await client.ask(said, Buffer.alloc(QUERY_OCTETS_MAX + 1))).status, 413);
  t.equal((await client.ask(headers, Buffer.alloc(1 << 20))).status, 413);
  t.equal(handler.asked.length, 0);
  t.equal((await client.ask(headers, Buffer.alloc(QUERY_OCTETS_MAX))).status, 200);
  t.equal(handler.asked[0]!.query.length, QUERY_OCTETS_MAX);
});

t.test('who is not answered is told', { skip }, async (t) => {
  const { http2 } = await serveDoh(t, credentials, { handler: new Handler(() => undefined) });
  const client = http2();
  t.equal((await client.get(query(1))).status, 403);
  t.equal((await client.post(query(1))).status, 403);
});

t.test('answers come as they are there', { skip }, async (t) => {
  const release = new Map<string, () => void>();
  const handler = new Handler(
    (octets) => new Promise((resolve) => release.set(textOf(octets), () => resolve(octets))),
  );
  const { http2, endpoint } = await serveDoh(t, credentials, { handler });
  const client = http2();
  const order: string[] = [];
  const asked = ['a', 'b', 'c'].map((text) =>
    client.get(query(1, text)).then(({ body }) => order.push(textOf(body))),
  );
  await until(() => release.size === 3, 'all three');
  t.equal(endpoint.pending, 3);
  for (const text of ['c', 'a', 'b']) {
    release.get(text)!();
    await until(() => order.at(-1) === text, `the answer ${text}`);
  }
  await Promise.all(asked);
  t.equal(endpoint.pending, 0);
});

t.test('as many at a time as are allowed', { skip }, async (t) => {
  const { http2, count } = await serveDoh(t, credentials);
  const client = http2();
  const replies = await Promise.all(
    Array.from({ length: 500 }, (_, i) =>
      i % 2 === 0 ? client.get(query(i, 'x')) : client.post(query(i, 'x')),
    ),
  );
  t.same(
    replies.map(({ status, body }) => [status, idOf(body)]),
    replies.map((_, i) => [200, i]),
  );
  t.equal(count('tcpAbusive'), 0);
  t.equal(count('dohRefused'), 0);
});

t.test('at the end, what is under way is answered and the client told', { skip }, async (t) => {
  const release: (() => void)[] = [];
  const handler = new Handler((octets) => new Promise((resolve) => release.push(() => resolve(octets))));
  const { http2, port, endpoint, clients } = await serveDoh(t, credentials, { handler });
  const client = http2();
  const two = client.get(query(1, 'two'));
  const one = http1(port, `${PATH}?dns=${query(1, 'one').toString('base64url')}`);
  await until(() => release.length === 2, 'both');
  endpoint.pause();
  await until(() => client.goaway === 0, 'a GOAWAY');
  t.equal(client.state, 'open');
  for (const each of release) each();
  t.equal(textOf((await two).body), 'two');
  const last = await one;
  t.equal(textOf(last.body), 'one');
  t.equal(last.headers['connection'], 'close');
  await until(() => clients.total === 0, 'the end of both');
});

t.test('a client that ends first gets what it asked for', { skip }, async (t) => {
  const release: (() => void)[] = [];
  const handler = new Handler((octets) => new Promise((resolve) => release.push(() => resolve(octets))));
  const { http2, clients } = await serveDoh(t, credentials, { handler });
  const client = http2();
  const asked = client.get(query(1, 'x'));
  await until(() => release.length === 1, 'the query');
  client.session.close();
  release[0]!();
  t.equal(textOf((await asked).body), 'x');
  await until(() => clients.total === 0, 'the end');
});

t.test('who says nothing, or nothing more, does not stay', { skip }, async (t) => {
  const { http2, pass, clients, count } = await serveDoh(t, credentials);
  const [silent, idle] = [http2(), http2()];
  t.equal((await idle.get(query(1))).status, 200);
  await until(() => clients.total === 2 && !silent.session.connecting, 'both');
  await pass(FIRST_MS);
  await until(() => silent.state === 'closed', 'no first request');
  t.equal(count('tcpTimedOut'), 1);
  t.equal(idle.state, 'open');
  await pass(IDLE_MS - FIRST_MS);
  await until(() => idle.state === 'closed', 'the end of the idle one');
  t.equal(idle.goaway, 0, 'which is told');
  t.equal(count('tcpTimedOut'), 2);
  await until(() => clients.total === 0, 'none left');
});

t.test('an answer may be kept for as long as it says, by the client alone', { skip }, async (t) => {
  // A response of one A record of TTL 77.
  const body = Buffer.from('c00c00010001' + '0000004d' + '0004c0000201', 'hex');
  const answer = (octets: Buffer): Buffer => {
    const reply = Buffer.concat([octets, body]);
    reply[2] = 0x81;
    reply.writeUInt16BE(1, 6);
    return reply;
  };
  const { http2 } = await serveDoh(t, credentials, { handler: new Handler(answer) });
  const question = Buffer.from('000001000001000000000000' + '0161' + '00' + '00010001', 'hex');
  const { headers } = await http2().get(question);
  t.equal(headers['cache-control'], 'private, max-age=77');
});

t.test('who has asked by HTTP/1.1 may end its side and read on', { skip }, async (t) => {
  const { handler, port, clients } = await serveDoh(t, credentials);
  const held = Promise.withResolvers<void>();
  handler.answer = async (octets) => {
    await held.promise;
    return reply(octets);
  };
  const options = { port, host: '127.0.0.1', ca: credentials.cert, allowHalfOpen: true };
  const socket = connect(options);
  await once(socket, 'secureConnect');
  const dns = Buffer.from(query(7, 'a')).toString('base64url');
  socket.end(`GET ${PATH}?dns=${dns} HTTP/1.1\r\nHost: x\r\n\r\n`);
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  const ended = once(socket, 'end');
  await until(() => handler.asked.length === 1, 'the question');
  // The client's end comes right behind it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  held.resolve();
  await ended;
  t.match(text, /^HTTP\/1\.1 200 /);
  await until(() => clients.total === 0, 'the end');
});
