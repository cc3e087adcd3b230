/** A daemon with logs of queries, and what is asked of it by dig. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';

export interface World {
  readonly daemon: Daemon;
  /** Of the authoritative endpoint, and of the API. */
  readonly authority: number;
  readonly api: number;
  /** Lines of a file in `logs`. */
  lines(name: string): string[];
  ask(name: string, ...more: string[]): Promise<void>;
}

export async function startWorld(t: Test, logs: readonly string[]): Promise<World> {
  const [authority, api] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const daemon = await startDaemon({ config: configOf(authority, api, logs) });
  t.teardown(() => daemon.stop());
  return {
    daemon,
    authority,
    api,
    lines(name) {
      const file = join(daemon.folder, 'state', 'logs', name);
      return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    },
    async ask(name, ...more) {
      await dig('@127.0.0.1', '-p', String(daemon.port), name, ...more);
    },
  };
}

export function configOf(authority: number, api: number, logs: readonly string[]): string {
  return `node: { name: FRA6, region: eu-central-1, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs:
  - { id: vpc-a, cidrs: [127.0.0.0/8], dnssec: off }
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  authoritative: [{ id: auth, listen: ["127.0.0.1:${authority}"], delegationSet: set-1, clientSubnet: any, rateLimit: false }]
delegationSets: [{ id: set-1, nameServers: [ns1.example.net.] }]
zones:
  - name: corp.example.
    vpcs: [vpc-a]
    records: [{ name: api, type: CNAME, ttl: 60, values: www.corp.example. }, { name: www, type: A, ttl: 60, values: 10.7.7.7 }]
  - { id: org, name: example.org., delegationSet: set-1, records: [{ name: www, type: A, ttl: 60, values: 198.51.100.80 }] }
logs:
${logs.map((log) => `  - ${log}\n`).join('')}`;
}

export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
