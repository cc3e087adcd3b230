/** `npm run bench -- vpcs`: from a change by the API to INSYNC, beside a few VPCs and beside many. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ChangeInfo,
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetChangeCommand,
  type ResourceRecordSet,
  Route53Client,
} from '@aws-sdk/client-route-53';
import type { AccessKey } from '../../src/control/api/keys.ts';
import { startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/ports.ts';
import { LOAD_CORE, pin, SERVER_CORE } from './load.ts';
import type { Options } from './options.ts';
import { compare, median, publish } from './report.ts';

const COUNTS = [10, 1_000];
/** Of a round. */
const ZONES = 4;
const SETS = 8;
/** Between two changes: what comes singly is put in force at once. */
const PAUSE_MS = 1_000;
const POLL_MS = 2;
const OWN = 'vpc-own';

interface Taken {
  readonly zoneMs: readonly number[];
  readonly setMs: readonly number[];
}

/** Makes zones and record sets, one after the other, and publishes the table. */
export async function vpcs(options: Options): Promise<void> {
  pin(process.pid, LOAD_CORE);
  const taken = new Map<string, Taken[]>();
  for (const count of COUNTS) taken.set(`${count} VPCs`, [await measure(count, options.rounds)]);
  const [zones, sets] = [ZONES * options.rounds, SETS * options.rounds];
  publish(
    {
      id: 'vpcs',
      intro:
        'From the sending of CreateHostedZone and ChangeResourceRecordSets, one after the other, to GetChange saying INSYNC, ' +
        `which is asked every ${POLL_MS} ms; the daemon with one worker on one core, the caller on the other; ${zones} zones ` +
        `of one VPC and ${sets} record sets. Each VPC has its autodefined zones.`,
      tables: [
        compare('Changes with', taken, [
          { head: 'a zone: median, ms', of: ({ zoneMs }) => median(zoneMs), digits: 1 },
          { head: 'most', of: ({ zoneMs }) => Math.max(...zoneMs), digits: 1 },
          { head: 'a record set: median, ms', of: ({ setMs }) => median(setMs), digits: 1 },
          { head: 'most', of: ({ setMs }) => Math.max(...setMs), digits: 1 },
        ]),
      ],
      notes: [],
      programs: [],
    },
    options,
  );
}

async function measure(count: number, rounds: number): Promise<Taken> {
  const api = await freePort('127.0.0.1');
  const others = Array.from(
    { length: count - 1 },
    (_, i) => `  - { id: vpc-${i}, cidrs: [10.${i >> 8}.${i & 255}.0/24] }\n`,
  );
  const daemon = await startDaemon({
    config: `node: { name: bench, region: us-east-1, state: ./state, workers: 1, metrics: off }
api: { listen: "127.0.0.1:${api}" }
vpcs:
  - { id: ${OWN}, cidrs: [127.0.0.0/8] }
${others.join('')}endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"] }] }
`,
  });
  pin(daemon.pid, SERVER_CORE);
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json');
  const credentials = JSON.parse(stdout) as AccessKey;
  const client = new Route53Client({ endpoint: `http://127.0.0.1:${api}`, region: 'us-east-1', credentials });
  /** Milliseconds until it is served. */
  const timed = async (change: () => Promise<ChangeInfo | undefined>): Promise<number> => {
    await sleep(PAUSE_MS);
    const begun = performance.now();
    let info = await change();
    while (info?.Status !== 'INSYNC') {
      await sleep(POLL_MS);
      info = (await client.send(new GetChangeCommand({ Id: info!.Id }))).ChangeInfo;
    }
    return performance.now() - begun;
  };
  try {
    const [zoneMs, setMs]: [number[], number[]] = [[], []];
    let zone = '';
    for (let i = 0; i < ZONES * rounds; i++)
      zoneMs.push(
        await timed(async () => {
          const VPC = { VPCId: OWN, VPCRegion: 'us-east-1' } as const;
          const named = { Name: `z${i}.example.`, CallerReference: String(i), VPC };
          const { HostedZone, ChangeInfo } = await client.send(new CreateHostedZoneCommand(named));
          zone = HostedZone!.Id!;
          return ChangeInfo;
        }),
      );
    for (let i = 0; i < SETS * rounds; i++)
      setMs.push(
        await timed(async () => {
          const Name = `n${i}.z${ZONES * rounds - 1}.example.`;
          const ResourceRecordSet: ResourceRecordSet = {
            Name,
            Type: 'A',
            TTL: 60,
            ResourceRecords: [{ Value: '192.0.2.1' }],
          };
          const ChangeBatch = { Changes: [{ Action: 'UPSERT' as const, ResourceRecordSet }] };
          const command = new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch });
          return (await client.send(command)).ChangeInfo;
        }),
      );
    return { zoneMs, setMs };
  } finally {
    client.destroy();
    await daemon.stop();
  }
}
