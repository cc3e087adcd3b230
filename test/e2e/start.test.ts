/** What a start loads: whoever waits for the first answer waits for each module. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { startDaemon } from '../support/daemon.ts';

const WORKERS = 2;
const config = `
node: { state: state, workers: ${WORKERS}, cache: 8MB, metrics: off }
vpcs:
  - { id: vpc-a, cidrs: [127.0.0.0/8] }
endpoints:
  inbound:
    - { id: in-1, listen: ["127.0.0.1:PORT"], vpc: by-source, allow: [127.0.0.0/8] }
zones:
  - { id: zone-a, name: a.example., vpcs: [vpc-a], records: [{ name: www, type: A, ttl: 60, values: 10.0.0.1 }] }
`;
const folder = mkdtempSync(join(tmpdir(), 'causeway-start-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const LOADED = join(folder, 'loaded');
const recorder = pathToFileURL(join(import.meta.dirname, '../support/loaded.ts'));

t.test(
  'nothing is loaded that only other configurations, operators and clients of the API need',
  async (t) => {
    const daemon = await startDaemon({ config, env: { LOADED, NODE_OPTIONS: `--import ${recorder}` } });
    t.teardown(() => daemon.stop());
    const loaded = readFileSync(LOADED, 'utf8').trimEnd().split('\n');
    const own = loaded.flatMap((url) => /\/src\/(.*)$/.exec(url)?.[1] ?? []);
    const packages = loaded.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);

    const api = own.filter((path) => /^control\/(api\/.*\/|traffic\/|hosted\/handlers)/.test(path));
    t.same(
      api.sort(),
      ['control/api/models/models.json', 'control/api/resolver/sharing.ts'],
      'of the API what its errors and stored resources are, and no operation',
    );
    t.same(
      own.filter((path) => /^control\/(health|logs|geo|hosted)\/(thread|child|merger)/.test(path)),
      [],
      'threads of what is not configured',
    );
    for (const name of ['@smithy/signature-v4', 'saxes', 'mmdb-lib', 'dns-packet', 'node-forge'])
      t.notOk(packages.includes(name), name);
    for (const name of ['yaml', 'zod', 'pino'])
      t.ok(packages.includes(name), `${name}: what is loaded is seen`);

    const times = (path: string): number => own.filter((each) => each === path).length;
    t.equal(times('server/worker.ts'), WORKERS, 'no thread is made but those that serve');
    t.equal(times('control/thread.ts'), 1);
  },
);

t.test('of Node.js neither fetch nor HTTP/2, and TLS where it is spoken only', async (t) => {
  const builtins = async (path: string): Promise<string> => {
    const url = new URL(`../../src/${path}`, import.meta.url);
    const program = `await import('${url}'); console.log(process.moduleLoadList.join()); process.exit()`;
    const env = { ...process.env, NODE_OPTIONS: '' };
    const args = ['--input-type=module', '--eval', program];
    return (await promisify(execFile)(process.execPath, args, { env })).stdout;
  };
  const control = await builtins('control/control.ts');
  t.match(control, /NativeModule _http_server\b/, 'what is loaded is seen');
  t.notMatch(control, /undici|NativeModule (http2|tls)\b/);
  t.notMatch(await builtins('server/daemon.ts'), /undici|NativeModule (_http_server|http2|tls)\b/);
});
