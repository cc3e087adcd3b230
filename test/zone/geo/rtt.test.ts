import t from 'tap';
import { parseAddress, parseCidr } from '../../../src/util/cidr.ts';
import { regionKey } from '../../../src/zone/geo/regions.ts';
import { buildRtt, Rtt } from '../../../src/zone/geo/rtt.ts';
import { placeCode } from '../../../src/zone/geo/whereabouts.ts';

/** Lines of `block-or-country region ms`. */
function tableOf(...lines: string[]): Rtt {
  const entries = lines.map((line) => {
    const [from, region, ms] = line.split(' ');
    return {
      from: /^[A-Z]{2}$/.test(from!) ? placeCode(from!) : parseCidr(from!),
      region: regionKey(region!),
      ms: Number(ms),
    };
  });
  return Rtt.from(buildRtt(entries));
}

function ask(rtt: Rtt, address: string, region: string, country?: string, bits?: number): number {
  const octets = parseAddress(address);
  rtt.locate(octets, bits ?? 8 * octets.length, { country: country === undefined ? 0 : placeCode(country) });
  return rtt.ms(regionKey(region));
}

t.test('blocks, blocks around them, then the country', async (t) => {
  const rtt = tableOf(
    'DE eu-central-1 9.5',
    'DE us-east-1 95',
    'US us-east-1 20',
    '10.0.0.0/8 us-east-1 80',
    '10.0.0.0/8 eu-central-1 12',
    '10.20.0.0/16 us-east-1 70',
    '10.20.30.0/24 site-berlin 0.25',
    '2001:db8::/32 us-east-1 33',
  );
  t.equal(rtt.rows, 6);
  t.equal(rtt.regions, 3);
  t.equal(ask(rtt, '10.20.1.1', 'us-east-1'), 70);
  t.equal(rtt.bits, 20);
  t.equal(ask(rtt, '10.20.1.1', 'eu-central-1'), 12, 'of the block around it');
  t.equal(ask(rtt, '10.20.30.1', 'us-east-1'), 70, 'two levels');
  t.equal(ask(rtt, '10.20.30.1', 'eu-central-1'), 12);
  t.equal(ask(rtt, '10.20.30.1', 'site-berlin', 'DE'), 0.25);
  t.equal(ask(rtt, '10.21.1.1', 'site-berlin', 'DE'), -1);
  t.equal(ask(rtt, '192.0.2.1', 'us-east-1', 'DE'), 95);
  t.equal(ask(rtt, '192.0.2.1', 'us-east-1', 'US'), 20);
  t.equal(ask(rtt, '192.0.2.1', 'us-east-1', 'FR'), -1);
  t.equal(ask(rtt, '192.0.2.1', 'us-east-1'), -1);
  t.equal(ask(rtt, '10.1.1.1', 'us-east-1', 'DE'), 80, 'a block goes before the country');
  t.equal(ask(rtt, '10.1.1.1', 'ap-south-1', 'DE'), -1, 'a region of which nothing is known');
  t.equal(ask(rtt, '2001:db8::1', 'us-east-1'), 33);
  t.equal(ask(rtt, '10.20.0.0', 'us-east-1', 'DE', 12), 80, 'a block longer than what is known');
  t.equal(rtt.bits, 12);
});

t.test('of equal lines the last one; an empty table', async (t) => {
  t.equal(ask(tableOf('10.0.0.0/8 a 1', '10.0.0.0/8 a 2'), '10.0.0.1', 'a'), 2);
  t.equal(ask(tableOf(), '10.0.0.1', 'a', 'DE'), -1);
  t.equal(ask(tableOf('0.0.0.0/0 a 7', '10.0.0.0/9 b 8'), '10.0.0.1', 'a'), 7);
});

t.test('no table', async (t) => {
  const { figures, blocks } = buildRtt([]);
  t.throws(() => Rtt.from({ figures: new SharedArrayBuffer(3), blocks }), RangeError);
  t.throws(() => Rtt.from({ figures: new SharedArrayBuffer(16), blocks }), RangeError);
  t.throws(() => Rtt.from({ figures, blocks: new SharedArrayBuffer(4) }), RangeError);
});
