/** What control hands to workers to be tried: what is in force, or a file, with what is assumed. */
import t from 'tap';
import type { Compiled } from '../../src/control/compile.ts';
import type { Config } from '../../src/control/config/load.ts';
import { type Hosted, NOTHING_HOSTED } from '../../src/control/hosted/named.ts';
import { whatIf } from '../../src/control/whatif.ts';
import type { Workers } from '../../src/control/workers.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { HealthBits } from '../../src/util/healthbits.ts';
import type { Ask } from '../../src/view/channel.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { Zone } from '../../src/zone/image.ts';
import { NONE } from '../../src/zone/layout.ts';
import { Chooser } from '../../src/zone/routing/choose.ts';
import { compiled } from './compile/support.ts';

const TEXT = `vpcs: [{ id: vpc-a, cidrs: [10.1.0.0/16] }]
healthChecks: [{ id: hc-1, type: TCP, ipAddress: 192.0.2.1, port: 80 }]
zones:
  - name: routed.example.
    vpcs: [vpc-a]
    records:
      - { name: near, type: A, values: 192.0.2.1, setIdentifier: eu, region: eu-central-1 }
      - { name: near, type: A, values: 192.0.2.2, setIdentifier: us, region: us-east-1, healthCheckId: hc-1 }
      - { name: at, type: A, values: 192.0.2.1, setIdentifier: eu, geoProximityLocation: { awsRegion: eu-central-1 } }
      - { name: at, type: A, values: 192.0.2.2, setIdentifier: us, geoProximityLocation: { awsRegion: us-east-1 } }
      - { name: plain, type: A, values: 192.0.2.1, setIdentifier: one, weight: 1 }
  - name: plain.example.
    vpcs: [vpc-a]
    records:
      - { name: www, type: A, values: 192.0.2.1, setIdentifier: one, weight: 1 }
`;

/** The question to the workers that comes of what is assumed. */
async function asked(inForce: Compiled, ...assume: string[]): Promise<Extract<Ask, { ask: 'what-if' }>> {
  let told: Extract<Ask, { ask: 'what-if' }> | undefined;
  const workers = {
    askAll: async (ask: Ask) => {
      if (ask.ask === 'what-if') told = ask;
      return [{ slot: 0, answer: { questions: 0, differences: [] } }];
    },
  } as unknown as Workers;
  const health = new HealthBits().buffer;
  const hosted = (): Hosted => NOTHING_HOSTED;
  const amended = (config: Config): Config => config;
  await whatIf({ workers, inForce, hosted, amended, clock: new ManualClock(), health }, { assume });
  return told!;
}

/** `healthy` or not, of each set of the group at the name. */
function healthOf(image: SharedArrayBuffer, bits: SharedArrayBuffer, name: string): boolean[] {
  const zone = Zone.from(image);
  const { routing } = zone;
  const group = zone.groupAt(zone.indexOf(zone.find(nameFromText(name)), 1));
  if (group === NONE) throw new Error(`${name} is not routed`);
  const healthy = new Chooser(new HealthBits(bits)).healthyOf(routing, group);
  const members = Array.from({ length: routing.end(group) - routing.first(group) }, (_, i) => i);
  return members.map((i) => healthy.has(routing.first(group) + i));
}

t.test('without a file it is what is in force, and no file is read', async (t) => {
  const inForce = compiled(TEXT);
  const { snapshot, health } = await asked(inForce, 'hc-1=unhealthy');
  t.equal(snapshot, inForce.snapshot);
  const { image } = snapshot.zones[0]!;
  t.same(healthOf(image, health, 'near.routed.example.'), [true, false]);
});

t.test('a region that is down: its sets are, in a copy of the zones that have some', async (t) => {
  const inForce = compiled(TEXT);
  const { snapshot, health } = await asked(inForce, 'region=eu-central-1:down');
  const [routed, plain] = snapshot.zones;
  t.same(healthOf(routed!.image, health, 'near.routed.example.'), [false, true]);
  t.same(healthOf(routed!.image, health, 'at.routed.example.'), [false, true]);
  t.same(healthOf(routed!.image, health, 'plain.routed.example.'), [true]);
  t.equal(plain!.image, inForce.snapshot.zones[1]!.image, 'no memory is taken for the others');
  const [before] = inForce.snapshot.zones;
  t.same(healthOf(before!.image, health, 'near.routed.example.'), [true, true], 'in force nothing is down');
});
