import t from 'tap';
import { compileRtt, RTT_ERRORS_MAX } from '../../../src/control/geo/rttfile.ts';
import { parseAddress } from '../../../src/util/cidr.ts';
import { regionKey } from '../../../src/zone/geo/regions.ts';
import { Rtt } from '../../../src/zone/geo/rtt.ts';
import { placeCode } from '../../../src/zone/geo/whereabouts.ts';

t.test('a right file', async (t) => {
  const { rtt } = compileRtt(`# measured in May
DE           eu-central-1  9.5   # by probes
203.0.113.0/24	us-east-1 91\r
2001:db8::/32 site-berlin 0.3

203.0.113.7 us-east-1 0`);
  const table = Rtt.from(rtt!);
  t.equal(table.rows, 4);
  table.locate(parseAddress('203.0.113.9'), 32, { country: placeCode('DE') });
  t.same([table.ms(regionKey('us-east-1')), table.ms(regionKey('eu-central-1'))], [91, 9.5]);
  t.equal(Rtt.from(compileRtt('').rtt!).rows, 0);
});

t.test('all errors at once, with their lines', async (t) => {
  t.match(
    compileRtt(`203.0.113.0/24 us-east-1
ZZ us-east-1 5
de us-east-1 5
203.0.113.1/24 us-east-1 5
203.0.113.0/24 US-EAST-1 5
203.0.113.0/24 us-east-1 fast
203.0.113.0/24 us-east-1 -1
203.0.113.0/24 us-east-1 10001
203.0.113.0/24 us-east-1 5
203.0.113.0/24 us-east-1 6
US us-east-1 1e3`).errors,
    [
      /^1: 2 words; write a block or a country, a region and milliseconds/,
      /^2: "ZZ" is not a country/,
      /^3: "de" is not a country; write two capital letters/,
      /^4: .*bits set behind the prefix; write 203\.0\.113\.0\/24/,
      /^5: "US-EAST-1" is not a region/,
      /^6: "fast" is not a time; write milliseconds from 0 to 10000/,
      /^7: "-1" is not a time/,
      /^8: "10001" is not a time/,
      /^10: the same block and region as in line 9/,
      /^11: "1e3" is not a time/,
    ],
  );
  t.equal(compileRtt('x\n'.repeat(1000)).errors?.length, RTT_ERRORS_MAX);
});

t.test('more figures than memory is given for', async (t) => {
  const blocks = Array.from({ length: 9_000 }, (_, i) => `10.${i >> 8}.${i & 0xff}.0/24 r${i} 1`).join('\n');
  t.match(compileRtt(blocks).errors, [/9000 rows of 9000 regions are more than/]);
});
