/** Examples that forward all names, beside a DNS server that knows nothing of DNSSEC, as those of clouds are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { type DnsServer, missing, startUnbound } from '../support/servers.ts';

const root = join(import.meta.dirname, '../..');
const skip = missing('dig', 'unbound');

/** Files by their names, of which `causeway.yaml` is the configuration. */
type Files = Readonly<Record<string, string>>;

function ofKubernetes(): Files {
  const text = readFileSync(join(root, 'examples/kubernetes/sidecar.yaml'), 'utf8');
  return parseAllDocuments(text)[0]!.toJS().data as Files;
}

/** What `docker run` is documented with. */
function ofDocker(): Files {
  const text = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const [, config = ''] = /^### As a container\n.*?^```yaml\n(.*?)```/ms.exec(text) ?? [];
  return { 'causeway.yaml': config };
}

/** At a port of its own, for clients of this host, and with its forwarder in the place of the one that it names. */
function here(text: string, { address, port }: DnsServer): string {
  return text
    .replaceAll(/targets: \[[\d.]+\]/g, `targets: ["${address}:${port}"]`)
    .replace(/listen: \["[^"]*"\]/, 'listen: ["127.0.0.1:PORT"]')
    .replace('state: /var/lib/causeway', 'state: ./state')
    .replace(/metrics: [\d.:]+/, 'metrics: off')
    .replaceAll('172.16.0.0/12', '127.0.0.0/8');
}

for (const [name, files] of [
  ['examples/kubernetes', ofKubernetes()],
  ['docker run', ofDocker()],
] as const)
  t.test(`${name}: public names, by a forwarder without DNSSEC`, { skip }, async (t) => {
    const forwarder = await startUnbound({
      localData: ['www.public.example. 60 A 203.0.113.7', 'db.cloud.example. 60 A 10.20.0.9'],
      extra: ['local-zone: "." static'],
    });
    t.teardown(() => forwarder.stop());
    t.same((await dig(at(forwarder), '.', 'DNSKEY', '+dnssec')).answers, [], 'as Route 53 Resolver');
    const { 'causeway.yaml': text = '', ...others } = files;
    const run = async (config: string) => {
      const daemon = await startDaemon({ config: here(config, forwarder), files: others });
      t.teardown(() => daemon.stop());
      return daemon;
    };
    const asIs = at(await run(text));
    const reply = await dig(asIs, 'www.public.example.', 'A');
    t.equal(reply.status, 'NOERROR', reply.output);
    t.match(reply.answers, [{ rdata: '203.0.113.7' }]);
    const ofCloud = await dig(asIs, 'db.cloud.example.', 'A');
    t.match(ofCloud.answers, [{ rdata: '10.20.0.9' }], 'a name of a private zone of the cloud');
    const validated = await dig(at(await run(text.replace(', dnssec: off', ''))), 'www.public.example.', 'A');
    t.match(validated, { status: 'SERVFAIL', ede: [{ code: 9 }] }, 'what it is for');
  });
