import t from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { Zone } from '../../src/zone/image.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { ask, build, lines, name } from './support.ts';

function soaOf(ttl: number, minimum: number): string[] {
  const text = `@ ${ttl} SOA ns.other. admin.other. 2026 1 2 3 ${minimum}\n@ NS ns.other.\nwww A 192.0.2.1`;
  const zone = Zone.from(build('example.', text).image!);
  t.equal(zone.serial, 2026);
  t.same(ask(zone, 'example. SOA'), [
    'HIT',
    `example. ${ttl} SOA ns.other. admin.other. 2026 1 2 3 ${minimum}`,
  ]);
  const results = ['x.example.', 'www.example.'].map((qname) => lookup(zone, name(qname), TYPE.TXT));
  return results.flatMap((result) =>
    result.kind === 'nodata' || result.kind === 'nxdomain' ? [result.kind, ...lines(result.soa)] : [],
  );
}

t.test(
  'the SOA of a negative answer lives as long as its TTL and MINIMUM both allow (RFC 2308 section 3)',
  async (t) => {
    const soa = (ttl: number, minimum: number): string =>
      `example. ${ttl} SOA ns.other. admin.other. 2026 1 2 3 ${minimum}`;
    t.same(soaOf(300, 60), ['nxdomain', soa(60, 60), 'nodata', soa(60, 60)]);
    t.same(soaOf(900, 86400), ['nxdomain', soa(900, 86400), 'nodata', soa(900, 86400)]);
    t.same(soaOf(0, 60), ['nxdomain', soa(0, 60), 'nodata', soa(0, 60)]);
    t.same(soaOf(300, 4294967295), ['nxdomain', soa(300, 4294967295), 'nodata', soa(300, 4294967295)]);
  },
);
