/** Looks at real servers on loopback: Route 53's rules for HTTP, HTTPS and TCP. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ProbeResult } from '../../../src/control/health/probe/attempt.ts';
import { probe, type Resolve } from '../../../src/control/health/probe/probe.ts';
import { type Clock, systemClock } from '../../../src/util/clock.ts';
import { SeededPrng } from '../../../src/util/prng.ts';
import type { EndpointMonitor } from '../../../src/view/health.ts';
import { certificate } from '../../support/certificate.ts';
import { freePort } from '../../support/ports.ts';
import { missing } from '../../support/servers.ts';
import { endpoint } from './support.ts';

/**
 * The waits of a look run forty times as fast from this one on: 2 s are 50 ms. Those before it, which something has to
 * come within, last as long as ever.
 */
function fastFrom(nth: number): Clock {
  let waits = 0;
  return {
    now: () => systemClock.now(),
    wall: () => systemClock.wall(),
    after: (ms, fn) => systemClock.after(++waits < nth ? ms : ms / 40, fn),
    every: (ms, fn) => systemClock.every(ms, fn),
  };
}
/** Of a look at an address: it waits for a connection, for the status, and for the body. */
const [NAME, STATUS, BODY] = [1, 2, 3];

const nobody: Resolve = () => Promise.reject(new Error('ENOTFOUND'));

function look(
  monitor: Partial<EndpointMonitor>,
  resolve = nobody,
  clock = systemClock,
): Promise<ProbeResult> {
  const env = { clock, prng: new SeededPrng(1), resolve };
  // Node's own timers keep no process alive; the test does.
  const alive = setInterval(() => undefined, 1000);
  return new Promise<ProbeResult>((done) => {
    probe({ ...endpoint, ...monitor }, env, done);
  }).finally(() => clearInterval(alive));
}

async function listening(t: Test, server: Server, address = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, address, done));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const http = (t: Test, listener: RequestListener): Promise<number> => listening(t, createHttp(listener));
/** A server that says this to whoever connects. */
const says = (t: Test, text: string): Promise<number> =>
  listening(
    t,
    createTcp((socket) => socket.once('data', () => socket.write(text))),
  );

t.test('status 200 to 399 passes, also a redirect, which is not followed', async (t) => {
  let asked = 0;
  const port = await http(t, (request, response) => {
    asked++;
    response.writeHead(Number(request.url!.slice(1)), { location: '/500' }).end();
  });
  const status = async (code: number): Promise<string> => {
    const result = await look({ port, path: `/${code}` });
    return result.reason;
  };
  t.equal(await status(200), 'Success: HTTP Status Code 200, OK');
  t.equal(await status(204), 'Success: HTTP Status Code 204, No Content');
  t.equal(await status(301), 'Success: HTTP Status Code 301, Moved Permanently');
  t.equal(await status(399), 'Success: HTTP Status Code 399, unknown');
  t.equal(asked, 4);
  t.equal(await status(400), 'Failure: HTTP Status Code 400, Bad Request');
  t.equal(await status(503), 'Failure: HTTP Status Code 503, Service Unavailable');
});

t.test('what is asked: path, Host, no connection kept; encodings only where a body is read', async (t) => {
  const seen: IncomingMessage[] = [];
  const port = await http(t, (request, response) => {
    seen.push(request);
    response.end('all is well');
  });
  await look({ port, path: '/a?b=c', host: 'www.example:8080' });
  t.match(seen[0], {
    method: 'GET',
    url: '/a?b=c',
    headers: { host: 'www.example:8080', connection: 'close' },
  });
  t.equal(seen[0]!.headers['accept-encoding'], undefined);
  t.equal(seen[0]!.rawHeaders.filter((name) => name.toLowerCase() === 'host').length, 1);
  const found = await look({ port, search: 'all is well', measureLatency: true });
  t.equal(found.reason, 'Success: HTTP Status Code 200, OK');
  t.equal(seen[1]!.headers['accept-encoding'], 'gzip, deflate');
  t.match(found, { latency: { connectMs: Number, firstByteMs: Number } });
  t.match(await look({ port, search: 'All is well' }), {
    passed: false,
    reason: 'Failure: The search string is not in the first 5,120 bytes of the response body.',
  });
});

t.test('a text is no help where the status is none', async (t) => {
  const port = await http(t, (_request, response) => response.writeHead(500).end('all is well'));
  t.match(await look({ port, search: 'all is well' }), { passed: false, reason: /500/ });
});

t.test('what is not in time', async (t) => {
  const silent = await listening(
    t,
    createTcp(() => undefined),
  );
  t.match(await look({ port: silent }, nobody, fastFrom(STATUS)), {
    passed: false,
    reason: 'Failure: The endpoint did not respond with an HTTP status code in time.',
  });
  const bodiless = await http(t, (_request, response) => void response.write('all is'));
  t.match(await look({ port: bodiless }), { passed: true });
  t.match(await look({ port: bodiless, search: 'all is well' }, nobody, fastFrom(BODY)), {
    passed: false,
    reason: 'Failure: The endpoint did not send its HTTP response body in time.',
  });
  const dripping = await listening(
    t,
    createTcp((socket) => {
      const timer = setInterval(() => socket.write('H'), 5);
      socket.on('close', () => clearInterval(timer));
    }),
  );
  t.match(await look({ port: dripping }, nobody, fastFrom(STATUS)), { passed: false });
});

t.test('what is no HTTP, or not all of it', async (t) => {
  t.match(await look({ port: await says(t, 'SSH-2.0-x\r\n') }), {
    passed: false,
    reason: 'Failure: The response is not HTTP.',
  });
  t.match(
    await look({
      port: await says(t, 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    }),
    {
      passed: false,
      reason: /101, Switching Protocols/,
    },
  );
  t.match(await look({ port: await says(t, `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`) }), {
    passed: false,
  });
  t.match(await look({ port: await says(t, 'HTTP/1.1 200 \x1b[2Jfine\r\n\r\n') }), {
    reason: 'Success: HTTP Status Code 200, OK',
  });
  const closing = await listening(
    t,
    createTcp((socket) => socket.destroy()),
  );
  t.match(await look({ port: closing }), { passed: false, reason: /closed the connection/ });
});

t.test('interim responses: a few are passed over, many end it', async (t) => {
  const continues = 'HTTP/1.1 100 Continue\r\n\r\n';
  const hint = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
  t.match(await look({ port: await says(t, `${continues}${hint}HTTP/1.1 204 No Content\r\n\r\n`) }), {
    passed: true,
    reason: /204/,
  });
  for (const interim of [continues, hint]) {
    let sent = 0;
    const flood = Buffer.from(interim.repeat(1000));
    const server = createTcp((socket) => {
      const more = (): void => {
        if (socket.destroyed) return;
        sent += flood.length;
        socket.write(flood, () => setImmediate(more));
      };
      socket.once('data', more);
    });
    t.match(await look({ port: await listening(t, server) }), {
      passed: false,
      reason: /one interim response \(1xx\) after the other/,
    });
    t.ok(sent < 4_000_000, `${sent} octets`);
  }
});

t.test('nobody listens', async (t) => {
  const port = await freePort('127.0.0.1');
  t.match(await look({ port }), { passed: false, reason: 'Failure: Connection refused.' });
  t.match(await look({ port, protocol: 'tcp' }), { passed: false, reason: 'Failure: Connection refused.' });
});

t.test('TCP: a connection is enough', async (t) => {
  const port = await listening(
    t,
    createTcp(() => undefined),
  );
  t.match(await look({ port, protocol: 'tcp', measureLatency: true }), {
    passed: true,
    reason: 'Success: TCP connection established',
    latency: { connectMs: Number },
  });
});

t.test('IPv6 by address', async (t) => {
  const port = await listening(
    t,
    createHttp((_request, response) => void response.end()),
    '::1',
  );
  t.match(await look({ port, address: '::1' }), { passed: true });
});

t.test('by name: resolved anew for each look, IPv4 only', async (t) => {
  const port = await http(t, (_request, response) => void response.end());
  const asked: string[] = [];
  const resolve =
    (...addresses: string[]): Resolve =>
    async (name) => {
      asked.push(name);
      return addresses;
    };
  const byName = { port, address: undefined, name: 'www.example' };
  t.match(await look(byName, resolve('127.0.0.1')), { passed: true });
  t.match(await look(byName, resolve('::1', '127.0.0.1')), { passed: true });
  t.same(asked, ['www.example', 'www.example']);
  const failed = { passed: false, reason: /^Failure: DNS resolution failed/ };
  t.match(await look(byName, resolve('::1')), failed);
  t.match(await look(byName, resolve()), failed);
  t.match(await look(byName, nobody), failed);
  t.match(await look(byName, () => new Promise(() => undefined), fastFrom(NAME)), failed);
});

t.test('an address that stands beside a name is asked, not resolved', async (t) => {
  const port = await http(t, (_request, response) => void response.end());
  t.match(await look({ port, name: 'www.example' }), { passed: true });
});

t.test('given up: nothing is called, the connection is closed', async (t) => {
  let closed: () => void = () => undefined;
  const isClosed = new Promise<void>((done) => {
    closed = done;
  });
  const server = createTcp((socket) => socket.on('close', closed));
  const port = await listening(t, server);
  const env = { clock: systemClock, prng: new SeededPrng(1), resolve: nobody };
  const accepted = new Promise((done) => server.once('connection', done));
  const giveUp = probe({ ...endpoint, port }, env, () => t.fail('it was given up'));
  await accepted;
  giveUp();
  await isClosed;
});

t.test('HTTPS', { skip: missing('openssl') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const ours = certificate(folder, 'www.example');
  const names: (string | undefined)[] = [];
  const secure = async (options: object): Promise<number> => {
    const server = createHttps(
      { ...ours, ...options },
      (_request, response) => void response.end('all is well'),
    );
    server.on('secureConnection', ({ servername }) => names.push(servername || undefined));
    return listening(t, server);
  };
  const look443 = async (port: number, serverName: string | undefined): Promise<[ProbeResult, unknown[]]> => {
    names.length = 0;
    const result = await look({
      port,
      serverName,
      protocol: 'https',
      search: 'all is well',
      measureLatency: true,
    });
    return [result, names];
  };

  await t.test('the certificate is not validated; the name is asked for', async (t) => {
    const port = await secure({});
    const [result, asked] = await look443(port, 'www.example');
    t.match(result, {
      passed: true,
      reason: 'Success: HTTP Status Code 200, OK',
      latency: { tlsMs: Number },
    });
    t.same(asked, ['www.example']);
    t.same((await look443(port, undefined))[1], [undefined], 'without SNI');
  });

  await t.test('a certificate for other names: once more without the name', async (t) => {
    const SNICallback = (name: string, done: (error: null, context?: undefined) => void): void => {
      names.push(`asked for ${name}`);
      done(null);
    };
    const [result, asked] = await look443(await secure({ SNICallback }), 'other.example');
    t.match(result, { passed: true });
    t.same(asked, ['asked for other.example', undefined]);
  });

  await t.test('a name that is refused: once more without', async (t) => {
    const SNICallback = (_name: string, done: (error: Error) => void): void =>
      done(new Error('no such name'));
    const [result, asked] = await look443(await secure({ SNICallback }), 'www.example');
    t.match(result, { passed: true });
    t.same(asked, [undefined]);
  });

  await t.test('old protocols are good enough', async (t) => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
    t.match((await look443(await secure(old), 'www.example'))[0], { passed: true });
  });

  await t.test(
    'a group of the server’s own for Diffie-Hellman, which may be as large as it likes',
    async (t) => {
      const group = { dhparam: 'auto', maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256' };
      const port = await secure({ ...certificate(folder, 'rsa.example', { kind: ['rsa:2048'] }), ...group });
      t.match((await look443(port, 'rsa.example'))[0], {
        passed: false,
        reason: 'Failure: SSL alert handshake_failure',
      });
    },
  );

  await t.test('what is no TLS, and a handshake that fails', async (t) => {
    t.match((await look443(await says(t, 'SSH-2.0-x\r\n'), 'www.example'))[0], {
      passed: false,
      reason: /^Failure: The SSL handshake failed: /,
    });
    const picky = await secure({ requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' });
    const [result] = await look443(picky, 'www.example');
    t.match(result, { passed: false });
    const none = await secure({ ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    t.match((await look443(none, 'www.example'))[0], {
      passed: false,
      reason: 'Failure: SSL alert handshake_failure',
    });
    const silent = await listening(
      t,
      createTcp(() => undefined),
    );
    t.match(await look({ port: silent, protocol: 'https' }, nobody, fastFrom(STATUS)), {
      passed: false,
      reason: /did not respond with an HTTP status code in time/,
    });
  });
});
