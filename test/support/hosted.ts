/** A daemon for hosted zones: its API, an inbound endpoint with a VPC, an authoritative one, and a client of the SDK. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetChangeCommand,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandOutput,
  type ResourceRecordSet,
  Route53Client,
  type RRType,
} from '@aws-sdk/client-route-53';
import type { Test } from 'tap';
import type { AccessKey } from '../../src/control/api/keys.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { at, dig } from './dig.ts';
import { freePort } from './ports.ts';

export interface Hosted {
  readonly daemon: Daemon;
  /** Where public zones are asked for. */
  readonly authority: { readonly address: string; readonly port: number };
  readonly url: string;
  /** One that may do everything. */
  readonly key: AccessKey;
  readonly client: Route53Client;
}

/** The VPC that clients on this host are in. */
export const VPC = { VPCRegion: 'eu-central-1', VPCId: 'vpc-0a1b2c3d' } as const;

/**
 * @param state its state folder, if that is to outlive it
 * @param metrics the port of 127.0.0.1 where it serves them
 */
export async function startHosted(t: Test, state = './state', metrics?: number): Promise<Hosted> {
  const [api, port] = [await freePort(), await freePort()];
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ${JSON.stringify(state)}, workers: 2, cache: 32MB, metrics: ${metrics === undefined ? 'off' : `"127.0.0.1:${metrics}"`} }
api: { listen: "127.0.0.1:${api}" }
vpcs:
  - { id: ${VPC.VPCId}, region: ${VPC.VPCRegion}, cidrs: [127.0.0.0/8] }
  - { id: vpc-1a1b2c3d, region: eu-central-1, cidrs: [192.0.2.0/24] }
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], rateLimit: false }]
  authoritative: [{ id: auth-1, listen: ["127.0.0.1:${port}"], delegationSet: N1, rateLimit: false }]
delegationSets: [{ id: N1, nameServers: [ns1.example.net., ns2.example.net.] }]
`,
  });
  t.teardown(() => daemon.stop());
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
  const key = JSON.parse(stdout) as AccessKey;
  const url = `http://127.0.0.1:${api}`;
  const client = new Route53Client({ endpoint: url, region: 'us-east-1', credentials: key, maxAttempts: 1 });
  t.teardown(() => client.destroy());
  return { daemon, authority: { address: '127.0.0.1', port }, url, key, client };
}

export const simple = (Name: string, Type: RRType, TTL: number, ...values: string[]): ResourceRecordSet => ({
  Name,
  Type,
  TTL,
  ResourceRecords: values.map((Value) => ({ Value })),
});

/** The same action for each of the sets. */
export const all = (Action: Change['Action'], sets: readonly ResourceRecordSet[]): Change[] =>
  sets.map((ResourceRecordSet) => ({ Action, ResourceRecordSet }));

/** Resolves when the change is INSYNC. */
export async function synced(client: Route53Client, Id: string | undefined): Promise<void> {
  const pending = async (): Promise<boolean> =>
    (await client.send(new GetChangeCommand({ Id }))).ChangeInfo?.Status !== 'INSYNC';
  while (await pending()) await sleep(20);
}

/** Resolves when all workers serve the changes; rejects if one is refused, and then none is made. */
export async function change(
  client: Route53Client,
  HostedZoneId: string,
  ...Changes: Change[]
): Promise<void> {
  const command = new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes } });
  await synced(client, (await client.send(command)).ChangeInfo?.Id);
}

/** The id of a new zone as the service tells it, `/hostedzone/Z1`: most clients hand it back like that. */
export async function create(client: Route53Client, Name: string, more: object = {}): Promise<string> {
  const CallerReference = `${Name} ${JSON.stringify(more)}`;
  const made = await client.send(new CreateHostedZoneCommand({ Name, CallerReference, ...more }));
  await synced(client, made.ChangeInfo?.Id);
  return made.HostedZone!.Id!;
}

/** The record sets of a zone by pages of a size; the SDK has no paginator for them. */
export async function* pages(client: Route53Client, HostedZoneId: string, MaxItems: number) {
  for (let start: object | undefined = {}; start !== undefined; ) {
    const command = new ListResourceRecordSetsCommand({ HostedZoneId, MaxItems, ...start });
    const page: ListResourceRecordSetsCommandOutput = await client.send(command);
    yield page.ResourceRecordSets!;
    const { NextRecordName, NextRecordType, NextRecordIdentifier } = page;
    start = page.IsTruncated
      ? {
          StartRecordName: NextRecordName,
          StartRecordType: NextRecordType,
          StartRecordIdentifier: NextRecordIdentifier,
        }
      : undefined;
  }
}

/** The data that the authoritative endpoint answers, sorted; the status where there is none. */
export async function answers({ authority }: Hosted, name: string, type: string): Promise<string[]> {
  const reply = await dig(at(authority), name, type);
  return reply.answers.length === 0 ? [reply.status] : reply.answers.map(({ rdata }) => rdata).sort();
}
