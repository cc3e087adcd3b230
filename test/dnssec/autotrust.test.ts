/**
 * The roll-over of trust anchors as Unbound does it, side by side: both see the same RRsets of a zone that changes
 * its keys, and say of each key the same. Unbound's hold-downs are set to 3 s, and ours sees a month pass in them.
 */
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ADD_HOLD_DOWN, begin } from '../../src/dnssec/rollover.ts';
import { look } from '../../src/dnssec/sighting.ts';
import { FLAG, TYPE } from '../../src/wire/constants.ts';
import { readMessage } from '../../src/wire/message.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { encodePacket, packetFor, recordsFrom } from '../support/packet.ts';
import { missing, startUnbound } from '../support/servers.ts';
import { dsOf, makeKey, REVOKE, type SigningKey, signedKeys, withFlags } from '../support/sign.ts';
import { verifier } from './zones.ts';

const ZONE = 'roll.example.';
const HOLD_SECONDS = 3;
const DAY = 86_400;
const key = (seed: string): SigningKey => makeKey(ZONE, { seed: `autotrust ${seed}`, flags: 257 });
const [a, b, c] = ['a', 'b', 'c'].map(key) as [SigningKey, SigningKey, SigningKey];
const revoked = (key: SigningKey): SigningKey => withFlags(key, { flags: 257 | REVOKE });
const LETTERS = new Map(
  [a, b, c].flatMap((key, i) => [key, revoked(key)].map(({ tag }) => [tag, 'abc'[i]!])),
);
const began = Math.floor(Date.now() / 1000);

/** Serves the zone's keys, and remembers when it served which. */
class Zone {
  rrset: Rrset | undefined;
  readonly served: { at: number; rrset: Rrset }[] = [];
  readonly #socket = createSocket('udp4');

  async listen(): Promise<number> {
    this.#socket.on('message', (bytes, from) => {
      const query = readMessage(bytes);
      const packet = packetFor(query);
      packet.flags |= FLAG.AA;
      if (query.question?.type === TYPE.DNSKEY && this.rrset !== undefined) {
        packet.answer = recordsFrom(this.rrset, true);
        this.served.push({ at: Date.now() / 1000, rrset: this.rrset });
      }
      this.#socket.send(encodePacket(packet), from.port, from.address);
    });
    await new Promise<void>((done) => this.#socket.bind(0, '127.0.0.1', done));
    return (this.#socket.address() as AddressInfo).port;
  }

  publish(keys: readonly SigningKey[], signers: readonly SigningKey[]): void {
    const options = { inception: began - DAY, expiration: began + 1000 * DAY, originalTtl: 1 };
    this.rrset = { ...signedKeys(keys, signers, options), ttl: 1 };
  }

  close(): void {
    this.#socket.close();
  }
}

const STATES = ['start', 'addpend', 'valid', 'missing', 'revoked', 'removed'];

/** `a valid, b addpend` out of the file that Unbound keeps. */
function statesIn(file: string): string {
  const states: string[] = [];
  for (const [, tag, state] of readFileSync(file, 'utf8').matchAll(/DNSKEY.*\{id = (\d+) .*;;state=(\d)/g))
    states.push(`${LETTERS.get(Number(tag))} ${STATES[Number(state)]}`);
  return kept(states);
}

/** Unbound forgets removed keys, we remember them. */
function kept(states: readonly string[]): string {
  return states
    .filter((state) => !/start|removed/.test(state))
    .sort()
    .join(', ');
}

/** What we make of what was served, with a clock on which Unbound's hold-down is a month. */
function ours(served: Zone['served']): string {
  let point = begin({ zone: a.zone, ds: [dsOf(a)], dnskey: [] }, began);
  for (const { at, rrset } of served) {
    const now = began + Math.round(((at - began) * ADD_HOLD_DOWN) / HOLD_SECONDS);
    point = look(point, rrset, verifier({ now })).point;
  }
  return kept(point.keys.map(({ rdata, state }) => `${letterOf(rdata)} ${state}`));
}

function letterOf(rdata: Uint8Array): string {
  return 'abc'[[a, b, c].findIndex((key) => Buffer.from(key.rdata).equals(rdata))]!;
}

const PHASES: { what: string; keys: SigningKey[]; signers: SigningKey[]; expected: string }[] = [
  { what: 'the key of the DS', keys: [a], signers: [a], expected: 'a valid' },
  { what: 'a new key', keys: [a, b], signers: [a], expected: 'a valid, b addpend' },
  { what: 'and it stays', keys: [a, b], signers: [a], expected: 'a valid, b valid' },
  { what: 'one is missing', keys: [b], signers: [b], expected: 'a missing, b valid' },
  {
    what: 'and revoked, beside a new one',
    keys: [revoked(a), b, c],
    signers: [revoked(a), b],
    expected: 'a revoked, b valid, c addpend',
  },
  {
    what: 'which goes again',
    keys: [revoked(a), b],
    signers: [revoked(a), b],
    expected: 'a revoked, b valid',
  },
  { what: 'the revoked key goes', keys: [b], signers: [b], expected: 'b valid' },
];

/** Waits for the next look, and more of them until it is so; not for ever. */
async function looks(zone: Zone, until: () => boolean): Promise<void> {
  const { length } = zone.served;
  for (let tries = 0; tries < 300; tries++) {
    if (zone.served.length > length && until()) return;
    await new Promise((next) => setTimeout(next, 50));
  }
}

t.test('as Unbound does', { skip: missing('unbound') }, async (t) => {
  const zone = new Zone();
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  const file = join(folder, 'key');
  writeFileSync(file, `${ZONE} IN DS ${a.tag} 13 2 ${Buffer.from(dsOf(a).subarray(4)).toString('hex')}\n`);
  zone.publish([a], [a]);
  const port = await zone.listen();
  const unbound = await startUnbound({
    stub: { [ZONE]: [`127.0.0.1@${port}`] },
    extra: [
      'module-config: "validator iterator"',
      `auto-trust-anchor-file: "${file}"`,
      `add-holddown: ${HOLD_SECONDS}`,
      `del-holddown: ${HOLD_SECONDS}`,
      'permit-small-holddown: yes',
    ],
  });
  for (const { what, keys, signers, expected } of PHASES) {
    zone.publish(keys, signers);
    // Unbound counts in whole seconds, and the time of a revoked key from when it was revoked, not seen last.
    await looks(zone, () => statesIn(file) === expected && ours(zone.served) === expected);
    t.equal(statesIn(file), expected, `Unbound: ${what}`);
    t.equal(ours(zone.served), expected, `here: ${what}`);
  }
  await unbound.stop();
  zone.close();
  rmSync(folder, { recursive: true });
});
