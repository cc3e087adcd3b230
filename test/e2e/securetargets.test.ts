/** Rules that forward through TLS at a whole daemon: declared, and made by AWS's SDK; what is shown, counted and refused. */
import {
  AssociateResolverRuleCommand,
  CreateResolverEndpointCommand,
  CreateResolverRuleCommand,
  GetResolverRuleAssociationCommand,
  UpdateResolverEndpointCommand,
} from '@aws-sdk/client-route53resolver';
import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { resolverClient } from '../support/resolversdk.ts';
import { type Certificates, makeCertificates, pinOf, startSecureUnbound } from '../support/secure.ts';
import { missing } from '../support/servers.ts';
import { configOf } from './config.ts';

t.setTimeout(120_000);
const skip = missing('openssl', 'unbound', 'dig');
const BOUND = 500;

t.test('targets that are asked through TLS', { skip }, async (t) => {
  const certificates: Certificates = makeCertificates();
  t.teardown(() => certificates.stop());
  const { good, misnamed } = certificates;
  const { unbound, ports } = await startSecureUnbound({
    by: good,
    localData: ['dot', 'doh', 'api', 'pin', 'wrong', 'wrong2'].map(
      (name) => `www.${name}.test. 60 A 10.1.1.1`,
    ),
  });
  t.teardown(() => unbound.stop());
  const [api, metrics] = [await freePort(), await freePort()];
  const rule = (domain: string, target: string): string =>
    `{ id: ${domain}, domain: ${domain}.test., type: forward, targets: [${target}], vpcs: [vpc-test] }`;
  const mapping = (more: string): string =>
    `{ protocol: dot, address: 127.0.0.1, port: ${ports.dot}, ${more} }`;
  const config = (name: string): string =>
    `${configOf({
      rules: [
        rule('dot', mapping(`serverName: ${name}, ca: "${good.certFile}"`)),
        rule('doh', `"https://127.0.0.1:${ports.doh}/dns-query#dns.example"`),
        rule('pin', mapping(`pins: ["${pinOf(good)}"]`)),
        rule('wrong', mapping(`pins: ["${pinOf(misnamed)}"]`)),
        rule('api', '"127.0.0.1:9"').replace('api.test.', 'other.test.'),
      ],
    }).replace('metrics: off', `metrics: "127.0.0.1:${metrics}"`)}api: { listen: "127.0.0.1:${api}" }\n`;
  const daemon = await startDaemon({
    config: config('dns.example'),
    env: { NODE_EXTRA_CA_CERTS: good.certFile },
  });
  t.teardown(() => daemon.stop());
  const ask = (name: string) => dig(at(daemon), name, 'A');

  for (const name of ['dot', 'doh', 'pin'])
    t.equal((await ask(`www.${name}.test.`)).answers[0]?.rdata, '10.1.1.1', name);
  const refused = await ask('www.wrong.test.');
  t.equal(refused.status, 'SERVFAIL');
  t.match(
    refused.output,
    /rule wrong: tls:\/\/127\.0\.0\.1:\d+ the key of the certificate is none that is pinned/,
  );

  const { stdout: status } = await daemon.cli('status');
  t.match(status, new RegExp(`tls://127\\.0\\.0\\.1:${ports.dot}#dns\\.example +closed`));
  t.match(status, new RegExp(`https://127\\.0\\.0\\.1:${ports.doh}#dns\\.example +closed`));
  const explained = await daemon.cli('explain', 'www.dot.test.', 'A', '--vpc', 'vpc-test');
  t.match(explained.stdout, /dot → tls:\/\/127\.0\.0\.1:\d+#dns\.example/);
  const series = (await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()).split('\n');
  const count = (name: string): number =>
    series
      .filter((line) => line.startsWith(name))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  t.ok(count('causeway_upstream_queries_total{transport="dot"}') >= 3);
  t.ok(count('causeway_upstream_queries_total{transport="doh"}') >= 1);
  t.equal(count('causeway_upstream_queries_total{transport="udp"}'), 0, 'nothing in plain text');
  t.equal(count('causeway_upstream_queries_total{transport="tcp"}'), 0);
  t.ok(count('causeway_upstream_tls_handshakes_total{result="failed"}') >= 1);

  // Another name is another server: what the first said is not served for it.
  daemon.configure(config('other.example'));
  t.equal((await daemon.cli('reload')).code, 0);
  const misled = await ask('www.dot.test.');
  t.equal(misled.status, 'SERVFAIL');
  t.match(misled.output, /certificate is not for other\.example/);

  const client = await resolverClient(t, daemon, api);
  const made = (CreatorRequestId: string, Protocols: ('Do53' | 'DoH' | 'DoH-FIPS')[]) =>
    client.send(
      new CreateResolverEndpointCommand({
        CreatorRequestId,
        Direction: 'OUTBOUND',
        SecurityGroupIds: ['sg-1'],
        Protocols,
        IpAddresses: [{ SubnetId: 'subnet-1' }, { SubnetId: 'subnet-2' }],
      }),
    );
  await t.rejects(made('fips', ['DoH-FIPS']), /DoH-FIPS is for inbound endpoints only/);
  const { ResolverEndpoint: endpoint } = await made('1', ['DoH']);
  t.same(endpoint!.Protocols, ['DoH']);
  const target = { Ip: '127.0.0.1', Port: ports.doh };
  const ruleOf = (CreatorRequestId: string, more: { Protocol?: 'DoH'; ServerNameIndication?: string }) =>
    client.send(
      new CreateResolverRuleCommand({
        CreatorRequestId,
        RuleType: 'FORWARD',
        DomainName: 'api.test',
        ResolverEndpointId: endpoint!.Id!,
        TargetIps: [{ ...target, ...more }],
      }),
    );
  await t.rejects(ruleOf('plain', {}), /has the protocols DoH: it asks no targets by Do53/);
  const { ResolverRule } = await ruleOf('2', { Protocol: 'DoH', ServerNameIndication: 'dns.example' });
  t.same(ResolverRule!.TargetIps, [{ ...target, Protocol: 'DoH', ServerNameIndication: 'dns.example' }]);
  await t.rejects(
    client.send(new UpdateResolverEndpointCommand({ ResolverEndpointId: endpoint!.Id, Protocols: ['Do53'] })),
    /has targets by DoH/,
  );
  const { ResolverRuleAssociation: association } = await client.send(
    new AssociateResolverRuleCommand({ ResolverRuleId: ResolverRule!.Id, VPCId: 'vpc-test' }),
  );
  let now: string | undefined;
  const input = { ResolverRuleAssociationId: association!.Id };
  for (let i = 0; i < BOUND && now !== 'COMPLETE'; i++)
    now = (await client.send(new GetResolverRuleAssociationCommand(input))).ResolverRuleAssociation!.Status;
  t.equal((await ask('www.api.test.')).answers[0]?.rdata, '10.1.1.1', 'by the rule that the API made');
});
