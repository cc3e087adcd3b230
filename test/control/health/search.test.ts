/** The text in the first 5,120 octets, however the body is cut into pieces and encoded. */
import { randomBytes } from 'node:crypto';
import { createServer, get, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import {
  SEARCHED_OCTETS,
  type SearchResult,
  SearchWindow,
  searchBody,
} from '../../../src/control/health/probe/search.ts';

t.test('wholly in the window, or not', async (t) => {
  const at = (offset: number): string =>
    new SearchWindow('needle').add(Buffer.from('x'.repeat(offset) + 'needle'));
  t.equal(at(0), 'found');
  t.equal(at(SEARCHED_OCTETS - 6), 'found');
  t.equal(at(SEARCHED_OCTETS - 5), 'full', 'its last octet is outside');
  t.equal(new SearchWindow('needle').add(Buffer.from('Needle')), 'more', 'case counts');
  t.equal(new SearchWindow('grün').add(Buffer.from('alles grün')), 'found', 'UTF-8');
});

t.test('in any pieces it is as in one', async (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
  const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 9 }), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(text, pieces, (needle, parts) => {
      const window = new SearchWindow(needle);
      const found = parts.some((part) => window.add(Buffer.from(part)) === 'found');
      return found === parts.join('').includes(needle);
    }),
  );
  t.pass();
});

/** What the search says of a body that a real server sends. */
async function searched(t: Test, listener: RequestListener, text = 'all is well'): Promise<SearchResult> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  return new Promise((done) => {
    const request = get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.on('error', () => undefined);
      searchBody(response, text, (result) => {
        request.destroy();
        done(result);
      });
    });
    request.on('error', () => undefined);
  });
}

const sends =
  (body: string | Buffer, encoding?: string): RequestListener =>
  (_request, response) => {
    if (encoding !== undefined) response.setHeader('content-encoding', encoding);
    response.end(body);
  };

t.test('encodings', async (t) => {
  const body = `<p>all is well</p>${'x'.repeat(50_000)}`;
  t.equal(await searched(t, sends(body)), 'found');
  t.equal(await searched(t, sends(gzipSync(body), 'gzip')), 'found');
  t.equal(await searched(t, sends(gzipSync(body), 'X-GZIP')), 'found');
  t.equal(await searched(t, sends(deflateSync(body), 'deflate')), 'found');
  t.equal(await searched(t, sends(deflateRawSync(body), 'deflate')), 'found', 'raw deflate by that name');
  t.equal(await searched(t, sends(brotliCompressSync(body), 'br')), 'absent', 'others are not decoded');
  t.equal(await searched(t, sends(body, 'gzip')), 'undecodable');
  t.equal(await searched(t, sends(gzipSync('all is well').subarray(0, 14), 'gzip')), 'absent', 'cut off');
  t.equal(await searched(t, sends('', 'gzip')), 'absent');
  t.equal(await searched(t, sends(gzipSync('nothing'), 'gzip')), 'absent');
});

t.test('the window is of the decoded body', async (t) => {
  const far = `${'x'.repeat(SEARCHED_OCTETS - 5)}all is well`;
  t.equal(await searched(t, sends(far)), 'absent');
  t.equal(await searched(t, sends(gzipSync(far), 'gzip')), 'absent');
  const near = `${'x'.repeat(SEARCHED_OCTETS - 11)}all is well`;
  t.equal(await searched(t, sends(near)), 'found');
  t.equal(await searched(t, sends(gzipSync(near), 'gzip')), 'found');
});

t.test('an encoded body that is longer than what is read of it', async (t) => {
  const noise = randomBytes(1_000_000);
  const early = Buffer.concat([Buffer.from('<p>all is well</p>'), noise]);
  t.equal(await searched(t, sends(gzipSync(early), 'gzip')), 'found');
  t.equal(await searched(t, sends(deflateSync(early), 'deflate')), 'found');
  t.equal(await searched(t, sends(gzipSync(Buffer.concat([noise, early])), 'gzip')), 'absent');
});

t.test('a bomb: 64 MB of zeros in 64 KB are cut off at the window', async (t) => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const before = process.memoryUsage().arrayBuffers;
  t.equal(await searched(t, sends(bomb, 'gzip')), 'absent');
  t.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024);
});

t.test('an encoded body that never comes to anything is read no further than 64 KB', async (t) => {
  let sent = 0;
  const header = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]);
  const result = await searched(t, (_request, response) => {
    response.setHeader('content-encoding', 'gzip');
    response.write(header);
    // The file name in the header (RFC 1952 section 2.3) ends with a zero that is never sent.
    const more = (): void => {
      if (sent > 10_000_000 || response.destroyed) return;
      sent += 4096;
      response.write(Buffer.alloc(4096, 0x61), () => setImmediate(more));
    };
    more();
  });
  t.equal(result, 'absent');
  t.ok(sent < 10_000_000);
});
