/** `npm run bench -- health`: 2,000 health checks at 10 s on one core, by type. The endpoints are on the other core. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { KINDS, type Kind, type Taken, type Work } from './healthchecker.ts';
import { LOAD_CORE, onCore, pin, SERVER_CORE } from './load.ts';
import type { Options } from './options.ts';
import { compare, publish } from './report.ts';

const CHECKER = fileURLToPath(new URL('healthchecker.ts', import.meta.url));
const CHECKS = 2_000;
const INTERVAL_MS = 10_000;
/** Each check is made twice at least. */
const SECONDS_MIN = 20;

const BODY = gzipSync(`<html>${'x'.repeat(1000)}all is well${'x'.repeat(10_000)}</html>`);

const answer: RequestListener = (_request, response) => {
  response.setHeader('content-encoding', 'gzip');
  response.end(BODY);
};

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '0.0.0.0', done));
  return (server.address() as AddressInfo).port;
}

function certificate(folder: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const names = ['-subj', '/CN=www.example', '-addext', 'subjectAltName=DNS:www.example'];
  execFileSync('openssl', ['req', '-x509', ...ec, ...names, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

/** Makes the checks of one kind after the other, then all kinds together, and publishes what they took. */
export async function health(options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const servers = [createHttp(answer), createHttps(certificate(folder), answer)];
  pin(process.pid, LOAD_CORE);
  try {
    const [httpPort, httpsPort] = [await listening(servers[0]!), await listening(servers[1]!)];
    const seconds = Math.max(SECONDS_MIN, options.seconds);
    const taken = new Map<string, Taken[]>();
    const mixes: [string, readonly Kind[]][] = [
      ...KINDS.map((kind): [string, readonly Kind[]] => [kind, [kind]]),
      ['a quarter of each', KINDS],
    ];
    for (const [name, kinds] of mixes)
      taken.set(name, [
        await made({ kinds, checks: CHECKS, intervalMs: INTERVAL_MS, seconds, httpPort, httpsPort }),
      ]);
    publish(
      {
        id: 'health',
        intro:
          `${CHECKS} health checks of as many addresses, each ${INTERVAL_MS / 1000} s after its last response, in a ` +
          `process of their own on one core, for ${seconds} s. The endpoints are one process on the other core; bodies ` +
          'are gzip, and each HTTPS check makes a whole TLS handshake.',
        tables: [
          compare('Checks', taken, [
            { head: 'probes/s', of: ({ probes, seconds }) => probes / seconds },
            {
              head: 'CPU of the core, %',
              of: ({ cpuSeconds, seconds }) => (100 * cpuSeconds) / seconds,
              digits: 1,
            },
            { head: 'CPU µs a probe', of: ({ cpuSeconds, probes }) => (cpuSeconds / probes) * 1e6 },
            { head: 'lag p99, ms', of: ({ lagP99Ms }) => lagP99Ms, digits: 1 },
            { head: 'lag max, ms', of: ({ lagMaxMs }) => lagMaxMs, digits: 1 },
            { head: 'failed', of: ({ failed }) => failed },
            { head: 'void', of: (sample) => sample.void },
            { head: 'RSS, MB', of: ({ rssMb }) => rssMb },
          ]),
        ],
        notes: [],
        programs: [],
      },
      options,
    );
  } finally {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function made(work: Work): Promise<Taken> {
  const [command, ...args] = [
    ...onCore(SERVER_CORE),
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    CHECKER,
  ];
  const { stdout } = await promisify(execFile)(command!, [...args, JSON.stringify(work)]);
  return JSON.parse(stdout) as Taken;
}
