/** `npm run bench -- transports`: the names of `cached` by TCP, TLS and HTTPS, on connections that stay. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encode } from 'dns-packet';
import { certificate } from '../support/certificate.ts';
import { freePort } from '../support/ports.ts';
import { COLUMNS } from './cached.ts';
import { CLIENTS, cpuSeconds, LOAD_CORE, type Load, load, onCore, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { installed, interleaved, startFleet } from './peers.ts';
import type { Recipe, Setting } from './recipes.ts';
import { compare, publish } from './report.ts';
import { HOSTS, hostQuestions } from './zone.ts';

const MODES = { tcp: 'TCP', dot: 'DNS over TLS', doh: 'DNS over HTTPS' } as const;

/** Where a server is to listen by TLS and HTTPS. */
export interface Secure {
  readonly dot: number;
  readonly doh: number;
  readonly keyFile: string;
  readonly certFile: string;
}

/** What makes the recipe of a server one that listens by TLS and HTTPS too, and lets a client pipeline by TCP. */
const WITH: Readonly<Record<string, (text: string, to: Secure) => string>> = {
  causeway: (text, { dot, doh, keyFile, certFile }) =>
    text.replace(
      '{ id: in-1, ',
      `{ id: in-1, protocols: [do53, dot, doh], dot: ["127.0.0.1:${dot}"], doh: ["127.0.0.1:${doh}"], tls: { certificate: "${certFile}", key: "${keyFile}" }, `,
    ),
  unbound: (text, { dot, doh, keyFile, certFile }) =>
    text.replace(
      'server:\n',
      `server:\n  interface: 127.0.0.1@${dot}\n  interface: 127.0.0.1@${doh}\n  tls-port: ${dot}\n  https-port: ${doh}\n  tls-service-key: "${keyFile}"\n  tls-service-pem: "${certFile}"\n  incoming-num-tcp: 1000\n`,
    ),
  dnsdist: (text, { dot, doh, keyFile, certFile }) =>
    `${text.replace(/setLocal\('(\S+)'\)/, "setLocal('$1', {maxInFlight=1000})")}
setMaxTCPClientThreads(1)
addTLSLocal('127.0.0.1:${dot}', '${certFile}', '${keyFile}', {maxInFlight=1000})
addDOHLocal('127.0.0.1:${doh}', '${certFile}', '${keyFile}', '/dns-query')
`,
};

/** Measures Causeway, Unbound and dnsdist, and publishes a table for each way. */
export async function transports(options: Options): Promise<void> {
  const { rounds, seconds } = options;
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const file = join(folder, 'questions');
  writeFileSync(file, hostQuestions());
  const { recipes, secure } = await securedRecipes(installed(options, Object.keys(WITH)), folder);
  const fleet = await startFleet(recipes);
  try {
    const tables = [];
    for (const mode of ['tcp', 'dot', 'doh'] as const) {
      const measure = (
        server: { name: string; port: number; pid: number },
        forSeconds: number,
      ): Promise<Load> => {
        const port = mode === 'tcp' ? server.port : secure.get(server.name)![mode];
        if (mode === 'doh') return byHttps({ pid: server.pid, port }, folder, forSeconds);
        return load({ pid: server.pid, port }, { file, seconds: forSeconds, mode });
      };
      for (const server of fleet.servers) await measure(server, WARM_SECONDS);
      tables.push(
        compare(
          MODES[mode],
          await interleaved(rounds, fleet.servers, (server) => measure(server, seconds)),
          COLUMNS,
        ),
      );
    }
    publish(
      {
        id: 'transports',
        intro:
          `${HOSTS} names from cache, dnsperf ${CLIENTS.join(' ')} -m tcp and dot, h2load ${H2LOAD.join(' ')} with GET ` +
          `by HTTP/2, certificates of P-256, one worker or thread each; medians of ${rounds} rounds of ${seconds} s, in parentheses the ratio to Unbound.`,
        tables,
        notes: [
          'All threads of a server share one core: dnsdist has one for TCP and TLS, and others for HTTPS.',
          'dnsperf -m doh takes one response from each TLS record, and waits in vain for the others: with Causeway and with ' +
            'dnsdist, which write those that are there together, it comes to a stop. So it is h2load that asks here.',
        ],
        programs: [...recipes.map(({ name }) => name), 'dnsperf', 'h2load'],
      },
      options,
    );
  } finally {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As many connections, and questions on each, as dnsperf has. */
const H2LOAD = ['-c', '10', '-m', '20'];

async function byHttps(
  { pid, port }: { readonly pid: number; readonly port: number },
  folder: string,
  seconds: number,
): Promise<Load> {
  const uris = join(folder, `uris-${port}`);
  const uri = (name: string): string => {
    const query = encode({ type: 'query', id: 0, flags: 0x100, questions: [{ name, type: 'A' }] });
    return `https://127.0.0.1:${port}/dns-query?dns=${query.toString('base64url')}\n`;
  };
  const names = hostQuestions().trim().split('\n');
  writeFileSync(uris, names.map((line) => uri(line.split(' ')[0]!.replace(/\.$/, ''))).join(''));
  const before = cpuSeconds(pid);
  const command = [...onCore(LOAD_CORE), 'h2load', ...H2LOAD, '-i', uris, '-D', String(seconds)];
  const { stdout } = await promisify(execFile)(command[0]!, command.slice(1));
  const after = cpuSeconds(pid);
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
  const completed = number(/(\d+) succeeded/);
  const us = (spent: number): number => (spent / completed) * 1e6;
  return {
    completed,
    lost: number(/(\d+) timeout/),
    failed: number(/(\d+) failed/),
    servfail: 0,
    seconds,
    perSecond: completed / seconds,
    userUs: us(after.user - before.user),
    systemUs: us(after.system - before.system),
  };
}

/** Servers that listen by TLS and HTTPS too, with one certificate, and where each does. */
export async function securedRecipes(
  plain: readonly Recipe[],
  folder: string,
): Promise<{ recipes: Recipe[]; secure: ReadonlyMap<string, Secure> }> {
  const { keyFile, certFile } = certificate(folder, 'bench', { names: 'IP:127.0.0.1' });
  const secure = new Map<string, Secure>();
  for (const { name } of plain)
    secure.set(name, { dot: await freePort(), doh: await freePort(), keyFile, certFile });
  return { recipes: plain.map((recipe) => secured(recipe, secure.get(recipe.name)!)), secure };
}

function secured(recipe: Recipe, to: Secure): Recipe {
  const files = (setting: Setting): Record<string, string> =>
    Object.fromEntries(
      Object.entries(recipe.files(setting)).map(([name, text]) => [name, WITH[recipe.name]!(text, to)]),
    );
  return { ...recipe, files };
}
