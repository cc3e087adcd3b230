/** DNS over HTTPS on inbound endpoints that AWS's SDK makes: asked by kdig, and what Route 53 refuses. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateResolverEndpointCommand,
  type CreateResolverEndpointRequest,
  DeleteResolverEndpointCommand,
  GetResolverEndpointCommand,
  type Protocol,
  type ResolverEndpoint,
  UpdateResolverEndpointCommand,
} from '@aws-sdk/client-route53resolver';
import t, { type Test } from 'tap';
import { certificate } from '../support/certificate.ts';
import { startDaemon } from '../support/daemon.ts';
import { dig, kdig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { resolverClient } from '../support/resolversdk.ts';
import { missing } from '../support/servers.ts';
import { until } from '../support/sockets.ts';

t.setTimeout(120_000);
const skip = missing('kdig', 'dig', 'openssl');
const CLIENT = '127.0.1.9';
/** Of RFC 5737: no interface of the host has it. */
const ELSEWHERE = '192.0.2.9';

/** @param settings more of `endpoints.api` */
async function startWorld(t: Test, settings = '') {
  const [api, doh] = [await freePort(), await freePort()];
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs: [{ id: vpc-a, cidrs: [127.0.1.0/24], dnssec: off }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  api:
    addresses: [{ listen: "127.0.1.2:PORT" }, { listen: "127.0.1.3:PORT" }, { listen: "127.0.1.4:PORT" }, { listen: "${ELSEWHERE}:PORT", vpc: vpc-a }]
    rateLimit: false
    dohPort: ${doh}
${settings}
zones: [{ name: corp.example., vpcs: [vpc-a], records: [{ name: www, type: A, ttl: 60, values: 10.1.0.1 }] }]
`,
  });
  t.teardown(() => daemon.stop());
  const client = await resolverClient(t, daemon, api);
  let requests = 0;
  /** As it is when it is neither CREATING nor UPDATING any more. */
  const settled = async (ResolverEndpointId: string): Promise<ResolverEndpoint> => {
    for (;;) {
      const got = await client.send(new GetResolverEndpointCommand({ ResolverEndpointId }));
      if (!got.ResolverEndpoint!.Status!.endsWith('ING')) return got.ResolverEndpoint!;
    }
  };
  return {
    daemon,
    doh,
    async create(
      addresses: string[],
      Protocols?: Protocol[],
      more: Partial<CreateResolverEndpointRequest> = {},
    ) {
      const made = await client.send(
        new CreateResolverEndpointCommand({
          CreatorRequestId: `request-${++requests}`,
          Direction: 'INBOUND',
          SecurityGroupIds: ['sg-1'],
          IpAddresses: addresses.map((Ip) => ({ SubnetId: 'subnet-1', Ip })),
          ...(Protocols === undefined ? {} : { Protocols }),
          ...more,
        }),
      );
      return settled(made.ResolverEndpoint!.Id!);
    },
    async update({ Id }: ResolverEndpoint, ...Protocols: Protocol[]) {
      await client.send(new UpdateResolverEndpointCommand({ ResolverEndpointId: Id!, Protocols }));
      return settled(Id!);
    },
    remove: ({ Id }: ResolverEndpoint) =>
      client.send(new DeleteResolverEndpointCommand({ ResolverEndpointId: Id! })),
    async plain(server: string) {
      const asked = ['-b', CLIENT, `@${server}`, '-p', String(daemon.port), '+time=1'];
      const { answers, status } = await dig(...asked, 'www.corp.example', 'A');
      return answers[0]?.rdata ?? status;
    },
    async secure(server: string, ...more: string[]) {
      const asked = ['-b', CLIENT, `@${server}`, '-p', String(doh), '+https', ...more];
      const { answers, status } = await kdig(...asked, 'www.corp.example', 'A');
      return answers[0]?.rdata ?? status;
    },
  };
}

t.test('beside plain DNS, then alone, with a certificate that the node makes', { skip }, async (t) => {
  const { daemon, doh, create, update, remove, plain, secure } = await startWorld(t);
  const made = await create(['127.0.1.2', '127.0.1.4']);
  t.same(made.Protocols, ['Do53']);
  t.equal(await secure('127.0.1.2'), 'NOREPLY');
  t.notMatch(daemon.log(), /self-signed/, 'nobody has asked for TLS yet');
  await t.rejects(update(made, 'DoH'), /cannot change from Do53 to DoH at once: enable both first/);
  await t.rejects(update(made, 'Do53', 'DoH-FIPS'), /DoH-FIPS is not supported: .* Use DoH\./);
  t.match(await update(made, 'Do53', 'DoH'), { Status: 'OPERATIONAL', Protocols: ['Do53', 'DoH'] });
  const [pin] = /[A-Za-z0-9+/]{43}=/.exec((await daemon.cli('status')).stdout)!;
  t.match(daemon.log(), pin, 'its certificate is told of');
  for (const server of ['127.0.1.2', '127.0.1.4'])
    t.equal(await secure(server, `+tls-pin=${pin}`), '10.1.0.1', 'OPERATIONAL is that it can be asked');
  t.equal(await plain('127.0.1.2'), '10.1.0.1');
  const { stdout } = await daemon.cli('status');
  t.match(stdout, new RegExp(`https://127\\.0\\.1\\.4:${doh}`));
  t.match(stdout, new RegExp(`^${made.Id} .* itself .*IP Address:127\\.0\\.1\\.2`, 'm'));
  t.same((await update(made, 'DoH')).Protocols, ['DoH']);
  t.equal(await secure('127.0.1.2', `+tls-pin=${pin}`), '10.1.0.1');
  t.equal(await plain('127.0.1.2'), 'NOREPLY', 'no plain DNS any more');
  await daemon.cli('reload');
  t.equal(await secure('127.0.1.2', `+tls-pin=${pin}`), '10.1.0.1', 'a reload keeps it');

  const partly = await create(['127.0.1.3', ELSEWHERE], ['DoH']);
  t.equal(partly.Status, 'ACTION_NEEDED');
  t.match(partly.StatusMessage, new RegExp(`cannot listen on ${ELSEWHERE}: .*EADDRNOTAVAIL`));
  t.equal(await secure('127.0.1.3', `+tls-pin=${pin}`), '10.1.0.1', 'the other address is served');
  await remove(made);
  await until(async () => (await secure('127.0.1.2')) === 'NOREPLY', 'the end of it');
});

t.test('what Route 53 does not have', { skip }, async (t) => {
  const { create } = await startWorld(t);
  await t.rejects(create(['127.0.1.2', '127.0.1.3'], ['DoH-FIPS']), {
    name: 'InvalidRequestException',
    message: /DoH-FIPS is not supported: the cryptography of this node is not validated/,
  });
  await t.rejects(
    create(['127.0.1.2', '127.0.1.3'], ['DoH'], { Direction: 'INBOUND_DELEGATION' as 'INBOUND' }),
    { name: 'InvalidRequestException', message: /has the protocol Do53 only/ },
  );
});

t.test('with the certificate of endpoints.api.tls, and the next one', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const names = 'IP:127.0.1.2';
  const [first, second] = ['first', 'second'].map((name) => certificate(folder, name, { names }));
  const tls = `{ certificate: "${first!.certFile}", key: "${first!.keyFile}" }`;
  const { daemon, create, secure } = await startWorld(t, `    tls: ${tls}`);
  await create(['127.0.1.2', '127.0.1.4'], ['DoH', 'Do53']);
  const trusted = join(folder, 'trusted');
  writeFileSync(trusted, first!.cert);
  t.equal(await secure('127.0.1.2', `+tls-ca=${trusted}`), '10.1.0.1');
  t.notMatch(daemon.log(), /self-signed/);
  writeFileSync(first!.certFile, second!.cert);
  writeFileSync(first!.keyFile, second!.key);
  writeFileSync(trusted, second!.cert);
  await until(async () => (await secure('127.0.1.2', `+tls-ca=${trusted}`)) === '10.1.0.1', 'the next one');
});
