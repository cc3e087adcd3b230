/**
 * Building zone images and asking them: `node test/bench/zoneimage.ts [records]`. One A record for each name, then
 * the text of the same zone read and built. The design asks for 1 M records in 5 s, at about 120 octets each.
 */
import { TYPE } from '../../src/wire/constants.ts';
import { type Name, nameFromText } from '../../src/wire/name.ts';
import type { Rr } from '../../src/wire/record.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';
import { diffZones } from '../../src/zone/diff.ts';
import { buildZone, Zone, ZoneBuilder } from '../../src/zone/image.ts';
import { lookup } from '../../src/zone/lookup.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const origin = nameFromText('example.');
const QUERIES = 1_000_000;

function timed<T>(what: string, each: number, work: () => T): T {
  const start = process.hrtime.bigint();
  const before = process.cpuUsage();
  const result = work();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const cpu = process.cpuUsage(before).user / 1e6;
  console.log(
    `${what.padEnd(28)} ${seconds.toFixed(2)} s, ${cpu.toFixed(2)} s CPU, ${((cpu / each) * 1e9).toFixed(0)} ns CPU each`,
  );
  return result;
}

function* records(): Generator<Rr> {
  for (let i = 0; i < count; i++) {
    const rdata = Uint8Array.of(10, i >> 16, (i >> 8) & 255, i & 255);
    yield { name: nameFromText(`h${i}.s${i % 1000}.example.`), type: TYPE.A, class: 1, ttl: 300, rdata };
  }
}

function text(): Buffer {
  const list = ['@ 300 SOA ns.far. admin.far. 1 2 3 4 5', '@ 300 NS ns.far.'];
  for (let i = 0; i < count; i++)
    list.push(`h${i}.s${i % 1000} 300 A 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  return Buffer.from(list.join('\n'), 'latin1');
}

function build(list: Iterable<Rr>): SharedArrayBuffer {
  const { image, errors } = buildZone(origin, list, { synthesizeApex: true });
  if (image === undefined) throw new Error(errors[0]?.message);
  return image;
}

const list = [...records()];
const image = timed('build', count, () => build(list));
console.log(`${''.padEnd(28)} ${(image.byteLength / count).toFixed(1)} octets a record`);
const source = text();
timed('read the text and build', count, () => {
  const builder = new ZoneBuilder(origin);
  parseZone(source, { origin, file: 'bench', onRecord: (rr) => builder.add(rr) });
  return builder.finish();
});
const zone = timed('open', 1, () => Zone.from(image));
const next = Zone.from(build(list.filter((_, i) => i % 1000 !== 0)));
timed('compare with the next one', count, () => diffZones(zone, next, count));

const ask = (what: string, names: readonly Name[]): void => {
  for (let i = 0; i < 20_000; i++) lookup(zone, names[i % names.length]!, TYPE.A);
  timed(what, QUERIES, () => {
    for (let i = 0; i < QUERIES; i++) lookup(zone, names[i % names.length]!, TYPE.A);
  });
};
const name = (i: number, head = ''): Name => nameFromText(`${head}H${i}.s${i % 1000}.Example.`);
const spread = Array.from({ length: 10_000 }, (_, i) => (i * 7919) % count);
ask(
  'hit',
  spread.map((i) => name(i)),
);
ask(
  'hit, 100 names',
  spread.slice(0, 100).map((i) => name(i)),
);
ask(
  'nxdomain',
  spread.map((i) => name(i, 'x.')),
);
ask(
  'nxdomain, 120 labels',
  spread.map((i) => name(i, 'x.'.repeat(110))),
);
