/** Inbound endpoints made by boto3: dig asks them as soon as they are OPERATIONAL, and nobody answers when they are gone. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Boto3, startBoto3 } from '../support/boto3.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { type DigReply, dig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missingPython } from '../support/python.ts';
import { missing } from '../support/servers.ts';

const skip = missing('dig') || missingPython('boto3');
/** Of RFC 5737: no interface of the host has it. */
const ELSEWHERE = '192.0.2.9';

interface World {
  readonly daemon: Daemon;
  readonly client: Client;
}

async function startWorld(t: Test): Promise<World> {
  const api = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 2, cache: 32MB, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs: [{ id: vpc-a, cidrs: [127.0.1.0/24], dnssec: off }, { id: vpc-b, cidrs: [127.0.2.0/24], dnssec: off }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  api:
    addresses:
      - { listen: "127.0.1.2:PORT" }
      - { listen: "127.0.1.3:PORT", subnet: subnet-a3 }
      - { listen: "127.0.1.4:PORT" }
      - { listen: "127.0.0.53:PORT", vpc: vpc-b }
      - { listen: "127.0.2.2:PORT" }
      - { listen: "${ELSEWHERE}:PORT", vpc: vpc-b }
    allow: [127.0.9.0/24]
    rateLimit: false
zones:
  - { name: corp.example., vpcs: [vpc-a], records: [{ name: www, type: A, ttl: 60, values: 10.1.0.1 }] }
  - { id: z-b, name: corp.example., vpcs: [vpc-b], records: [{ name: www, type: A, ttl: 60, values: 10.2.0.1 }] }
`,
  });
  t.teardown(() => daemon.stop());
  const boto3 = await startBoto3(daemon, api);
  t.teardown(() => boto3.close());
  return { daemon, client: new Client(boto3, daemon.port) };
}

interface Endpoint {
  readonly Id: string;
  readonly Status: string;
  readonly StatusMessage: string;
  readonly HostVPCId: string;
}

class Client {
  readonly #boto3: Boto3;
  readonly #port: number;
  #requests = 0;

  constructor(boto3: Boto3, port: number) {
    this.#boto3 = boto3;
    this.#port = port;
  }

  call<Output = { ResolverEndpoint: Endpoint }>(operation: string, members: object = {}): Promise<Output> {
    return this.#boto3.call('route53resolver', operation, members);
  }

  /** Of INBOUND, with addresses or subnets where one is to be picked. */
  async create(addresses: readonly string[], more: object = {}): Promise<Endpoint> {
    const made = await this.call('create_resolver_endpoint', {
      CreatorRequestId: `request-${++this.#requests}`,
      Direction: 'INBOUND',
      SecurityGroupIds: ['sg-1'],
      IpAddresses: addresses.map((each) =>
        each.startsWith('subnet') ? { SubnetId: each } : { SubnetId: 'subnet-1', Ip: each },
      ),
      ...more,
    });
    return made.ResolverEndpoint;
  }

  /** As it is when it is neither CREATING nor UPDATING any more. */
  async settled({ Id }: Pick<Endpoint, 'Id'>): Promise<Endpoint> {
    for (;;) {
      const got = await this.call('get_resolver_endpoint', { ResolverEndpointId: Id });
      if (!got.ResolverEndpoint.Status.endsWith('ING')) return got.ResolverEndpoint;
    }
  }

  async addresses({
    Id,
  }: Pick<Endpoint, 'Id'>): Promise<{ Ip: string; Status: string; StatusMessage: string }[]> {
    const asked = { ResolverEndpointId: Id };
    const { IpAddresses } = await this.call<{ IpAddresses: never[] }>(
      'list_resolver_endpoint_ip_addresses',
      asked,
    );
    return IpAddresses;
  }

  ask(server: string, from: string, ...more: string[]): Promise<DigReply> {
    return dig(
      '-b',
      from,
      `@${server}`,
      '-p',
      String(this.#port),
      '+time=1',
      'www.corp.example',
      'A',
      ...more,
    );
  }

  async answer(server: string, from: string, ...more: string[]): Promise<string> {
    const { answers, status } = await this.ask(server, from, ...more);
    return answers[0]?.rdata ?? status;
  }
}

t.test('made, asked, changed, deleted', { skip }, async (t) => {
  const { client } = await startWorld(t);
  t.equal(await client.answer('127.0.1.2', '127.0.1.9'), 'NOREPLY');
  const made = await client.create(['127.0.1.2', '127.0.1.4']);
  t.match(made, { Id: /^rslvr-in-[0-9a-f]{17}$/, HostVPCId: 'vpc-a', Status: /^(CREATING|OPERATIONAL)$/ });
  t.match(await client.settled(made), { Status: 'OPERATIONAL' });
  t.equal(await client.answer('127.0.1.2', '127.0.1.9'), '10.1.0.1', 'OPERATIONAL is that it can be asked');
  t.equal(await client.answer('127.0.1.2', '127.0.1.9', '+tcp'), '10.1.0.1');
  t.equal(
    await client.answer('127.0.1.2', '127.0.9.9'),
    '10.1.0.1',
    'a client of the setting has the view of the VPC',
  );
  t.equal(await client.answer('127.0.1.2', '127.0.2.9'), 'NOREPLY', 'one of another VPC may not ask');

  // One more, one less.
  const ResolverEndpointId = made.Id;
  await client.call('associate_resolver_endpoint_ip_address', {
    ResolverEndpointId,
    IpAddress: { SubnetId: 'subnet-a3' },
  });
  await client.settled(made);
  t.match(await client.addresses(made), [{ Ip: '127.0.1.2' }, {}, { Ip: '127.0.1.3', Status: 'ATTACHED' }]);
  t.equal(await client.answer('127.0.1.3', '127.0.1.9'), '10.1.0.1');
  await client.call('disassociate_resolver_endpoint_ip_address', {
    ResolverEndpointId,
    IpAddress: { SubnetId: 'subnet-1', Ip: '127.0.1.2' },
  });
  await client.settled(made);
  t.equal(await client.answer('127.0.1.2', '127.0.1.9'), 'NOREPLY');
  t.equal(await client.answer('127.0.1.3', '127.0.1.9'), '10.1.0.1');

  t.match(await client.call('delete_resolver_endpoint', { ResolverEndpointId }), {
    ResolverEndpoint: { Status: 'DELETING' },
  });
  for (let i = 0; i < 50 && (await client.answer('127.0.1.3', '127.0.1.9')) !== 'NOREPLY'; i++);
  t.equal(await client.answer('127.0.1.3', '127.0.1.9'), 'NOREPLY');
  t.match(
    await client.settled(await client.create(['127.0.1.2', '127.0.1.4'])),
    { Status: 'OPERATIONAL' },
    'it is free again',
  );
  t.equal(await client.answer('127.0.1.2', '127.0.1.9'), '10.1.0.1');
});

t.test('addresses: picked, refused, and one that the host does not have', { skip }, async (t) => {
  const { client, daemon } = await startWorld(t);
  const picked = await client.create(['subnet-x', 'subnet-a3']);
  t.equal(picked.HostVPCId, 'vpc-a');
  t.match(await client.addresses(picked), [{ Ip: '127.0.1.2' }, { Ip: '127.0.1.3' }]);
  for (const [addresses, fault] of [
    [
      ['127.0.1.4', '127.0.0.1'],
      /InvalidRequestException 400: IP address '127\.0\.0\.1' is either not in subnet/,
    ],
    [
      ['127.0.1.4', '127.0.1.3'],
      /InvalidRequestException 400: IP address '127\.0\.1\.3' is either not in subnet 'subnet-1'/,
    ],
    [
      ['127.0.1.4', '127.0.1.2'],
      /ResourceExistsException 400: The IP address '127\.0\.1\.2' .*already in use/,
    ],
    [['127.0.1.4', '127.0.2.2'], /InvalidRequestException 400: .* is in VPC 'vpc-b', others .* in 'vpc-a'/],
    [['127.0.2.2', '127.0.2.2'], /ResourceExistsException/],
    [['127.0.1.4', 'subnet-1'], /InvalidRequestException 400: .*no free IP address/],
  ] as const)
    await t.rejects(client.create(addresses), fault, addresses.join());

  const partly = await client.create(['127.0.0.53', ELSEWHERE]);
  t.match(await client.settled(partly), {
    Status: 'ACTION_NEEDED',
    StatusMessage: new RegExp(`cannot listen on ${ELSEWHERE}: .*EADDRNOTAVAIL`),
  });
  t.match(await client.addresses(partly), [{ Status: 'ATTACHED' }, { Status: 'FAILED_CREATION' }]);
  t.equal(await client.answer('127.0.0.53', '127.0.2.9'), '10.2.0.1', 'the other address is served');
  t.equal(await client.answer('127.0.1.2', '127.0.1.9'), '10.1.0.1', 'and so is all else');
  await t.rejects(
    client.call('create_resolver_rule', {
      CreatorRequestId: 'circle',
      RuleType: 'FORWARD',
      DomainName: 'x.example',
      ResolverEndpointId: (await client.create(['127.0.0.1', '127.0.0.2'], { Direction: 'OUTBOUND' })).Id,
      TargetIps: [{ Ip: '127.0.1.2', Port: daemon.port }],
    }),
    /would go in a circle/,
  );
  await daemon.cli('reload');
  t.equal(await client.answer('127.0.0.53', '127.0.2.9'), '10.2.0.1', 'a reload keeps it');
});

t.test('after a crash it listens again, whatever of it cannot', { skip }, async (t) => {
  const { client, daemon } = await startWorld(t);
  await client.settled(await client.create(['127.0.0.53', ELSEWHERE]));
  t.equal(await client.answer('127.0.0.53', '127.0.2.9'), '10.2.0.1');
  const state = mkdtempSync(join(tmpdir(), 'causeway-state-'));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const config = readFileSync(daemon.configFile, 'utf8');
  daemon.kill('SIGKILL');
  cpSync(join(daemon.folder, 'state'), state, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  await daemon.stop();
  const next = await startDaemon({
    config: config.replace('state: ./state', `state: ${JSON.stringify(state)}`),
  });
  t.teardown(() => next.stop());
  t.equal(await client.answer('127.0.0.53', '127.0.2.9'), '10.2.0.1');
  t.match(next.log(), /192\.0\.2\.9.*EADDRNOTAVAIL/, 'the log says what is missing');
});

t.test('INBOUND_DELEGATION answers from private zones with authority', { skip }, async (t) => {
  const { client, daemon } = await startWorld(t);
  const made = await client
    .create(['127.0.2.2', '127.0.0.53'], { Direction: 'INBOUND_DELEGATION' })
    .catch((error) => error);
  if (/ParamValidationError|Unknown/.test(String(made))) return void t.comment('boto3 is too old');
  t.match(await client.settled(made), { Status: 'OPERATIONAL', HostVPCId: 'vpc-b' });
  const reply = await client.ask('127.0.2.2', '127.0.2.9', '+norecurse');
  t.equal(reply.answers[0]?.rdata, '10.2.0.1');
  t.ok(reply.flags.includes('aa'));
  const other = await dig('-b', '127.0.2.9', '@127.0.2.2', '-p', String(daemon.port), 'www.example.net');
  t.equal(other.status, 'REFUSED', 'what is in no zone of the VPC');
});
