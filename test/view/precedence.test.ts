/** Route 53 Resolver's order, case by case: which of a VPC's rules and zones answers for a name. */
import t, { type Test } from 'tap';
import { candidatesOf, type Standing, viewOf } from './support.ts';

/** What stands in the view, the asked name, and all that may answer, the first first. */
type Row = [things: Standing[], qname: string, expected: string[]];

const check = (rows: readonly Row[]) => async (t: Test) => {
  for (const [things, qname, expected] of rows)
    t.same(candidatesOf(viewOf(things), qname), expected, `${qname} in [${things.join('; ')}]`);
};

t.test(
  'the longest whole-label suffix decides, whatever its kind',
  check([
    [['forward example.com.'], 'example.com.', ['forward example.com.']],
    [['forward example.com.'], 'a.b.example.com.', ['forward example.com.']],
    [['forward example.com.'], 'com.', []],
    [['forward example.com.'], 'badexample.com.', []],
    [['forward example.com.'], 'example.com.evil.test.', []],
    [['forward example.com.'], 'example.org.', []],
    [
      ['forward example.com.', 'zone a.example.com.'],
      'x.a.example.com.',
      ['zone a.example.com.', 'forward example.com.'],
    ],
    [['forward example.com.', 'zone a.example.com.'], 'x.b.example.com.', ['forward example.com.']],
    [
      ['forward a.example.com.', 'zone example.com.'],
      'x.a.example.com.',
      ['forward a.example.com.', 'zone example.com.'],
    ],
    [['forward a.example.com.', 'zone example.com.'], 'x.example.com.', ['zone example.com.']],
    [['forward com.', 'zone example.com.'], 'example.com.', ['zone example.com.', 'forward com.']],
    [['forward .', 'zone example.com.'], 'www.example.com.', ['zone example.com.', 'forward .']],
    [
      ['forward .', 'local 10.in-addr.arpa.'],
      '1.0.0.10.in-addr.arpa.',
      ['local 10.in-addr.arpa.', 'forward .'],
    ],
    [['forward .', 'local localhost.'], 'localhost.', ['local localhost.', 'forward .']],
    [
      ['forward example.com.', 'forward a.example.com.'],
      'a.example.com.',
      ['forward a.example.com.', 'forward example.com.'],
    ],
    [
      ['zone example.com.', 'zone a.example.com.'],
      'x.a.example.com.',
      ['zone a.example.com.', 'zone example.com.'],
    ],
    [['zone example.com.', 'zone a.example.com.'], 'x.example.com.', ['zone example.com.']],
  ]),
);

t.test(
  'at the same name: rule, then private zone, then autodefined',
  check([
    [
      ['forward example.com.', 'zone example.com.'],
      'www.example.com.',
      ['forward example.com.', 'zone example.com.'],
    ],
    [
      ['zone example.com.', 'forward example.com.'],
      'example.com.',
      ['forward example.com.', 'zone example.com.'],
    ],
    [
      ['zone 10.in-addr.arpa.', 'local 10.in-addr.arpa.'],
      '1.10.in-addr.arpa.',
      ['zone 10.in-addr.arpa.', 'local 10.in-addr.arpa.'],
    ],
    [
      ['forward 10.in-addr.arpa.', 'local 10.in-addr.arpa.'],
      '1.10.in-addr.arpa.',
      ['forward 10.in-addr.arpa.', 'local 10.in-addr.arpa.'],
    ],
    [
      ['local 10.in-addr.arpa.', 'zone 10.in-addr.arpa.', 'forward 10.in-addr.arpa.'],
      '10.in-addr.arpa.',
      ['forward 10.in-addr.arpa.', 'zone 10.in-addr.arpa.', 'local 10.in-addr.arpa.'],
    ],
    [['forward localhost.', 'local localhost.'], 'localhost.', ['forward localhost.', 'local localhost.']],
    [['zone .', 'forward .'], 'example.com.', ['forward .', 'zone .']],
  ]),
);

t.test(
  'a longer autodefined name beats a shorter rule, as it beats a shorter zone',
  check([
    [
      ['forward in-addr.arpa.', 'local 10.in-addr.arpa.'],
      '1.10.in-addr.arpa.',
      ['local 10.in-addr.arpa.', 'forward in-addr.arpa.'],
    ],
    [
      ['zone 168.192.in-addr.arpa.', 'local 5.168.192.in-addr.arpa.'],
      '1.5.168.192.in-addr.arpa.',
      ['local 5.168.192.in-addr.arpa.', 'zone 168.192.in-addr.arpa.'],
    ],
    [
      ['forward 20.10.in-addr.arpa.', 'local 10.in-addr.arpa.'],
      '1.2.20.10.in-addr.arpa.',
      ['forward 20.10.in-addr.arpa.', 'local 10.in-addr.arpa.'],
    ],
  ]),
);

t.test(
  'SYSTEM makes a hole in FORWARD and adds no data',
  check([
    [['forward example.com.', 'system acme.example.com.'], 'acme.example.com.', []],
    [['forward example.com.', 'system acme.example.com.'], 'www.acme.example.com.', []],
    [['forward example.com.', 'system acme.example.com.'], 'www.example.com.', ['forward example.com.']],
    [
      ['forward example.com.', 'system acme.example.com.', 'zone acme.example.com.'],
      'x.acme.example.com.',
      ['zone acme.example.com.'],
    ],
    [
      ['forward example.com.', 'system acme.example.com.', 'zone example.com.'],
      'x.acme.example.com.',
      ['zone example.com.'],
    ],
    [
      ['forward example.com.', 'system acme.example.com.', 'zone a.acme.example.com.'],
      'a.acme.example.com.',
      ['zone a.acme.example.com.'],
    ],
    [
      ['system acme.example.com.', 'forward a.acme.example.com.'],
      'x.a.acme.example.com.',
      ['forward a.acme.example.com.'],
    ],
    [['system acme.example.com.', 'forward a.acme.example.com.'], 'x.acme.example.com.', []],
    [['system example.com.', 'system a.example.com.', 'forward com.'], 'a.example.com.', []],
    [
      ['system 10.in-addr.arpa.', 'local 10.in-addr.arpa.', 'forward .'],
      '1.10.in-addr.arpa.',
      ['local 10.in-addr.arpa.', 'forward .'],
    ],
    [['system example.com.', 'zone example.com.', 'forward com.'], 'example.com.', ['zone example.com.']],
  ]),
);

t.test(
  'behind a hole a FORWARD rule for the root still leads to the Internet',
  check([
    [['forward .', 'forward example.com.', 'system acme.example.com.'], 'x.acme.example.com.', ['forward .']],
    [
      ['forward .', 'forward com.', 'forward example.com.', 'system acme.example.com.'],
      'acme.example.com.',
      ['forward .'],
    ],
    [['forward .', 'system acme.example.com.', 'zone com.'], 'acme.example.com.', ['zone com.', 'forward .']],
    [['system .', 'forward example.com.'], 'example.com.', ['forward example.com.']],
    [['system .', 'forward example.com.'], 'example.org.', []],
  ]),
);

t.test(
  'overlay zones hand on to the next match, at the same name first',
  check([
    [
      ['zone a.example.com. nxdomain', 'zone example.com. nodata', 'forward .'],
      'x.a.example.com.',
      ['zone a.example.com.', 'zone example.com.', 'forward .'],
    ],
    [
      ['zone example.com. nxdomain', 'local example.com.'],
      'x.example.com.',
      ['zone example.com.', 'local example.com.'],
    ],
    [
      ['zone b.example.com. nxdomain', 'system example.com.', 'forward com.', 'zone com.'],
      'b.example.com.',
      ['zone b.example.com.', 'zone com.'],
    ],
  ]),
);

t.test(
  'names: case, the root, one label, escapes, wildcards are literal',
  check([
    [['forward Example.COM.'], 'WWW.eXAMPLE.com.', ['forward example.com.']],
    [['forward .'], '.', ['forward .']],
    [['zone com.'], '.', []],
    [['forward .'], 'com.', ['forward .']],
    [['zone example.com.'], '*.example.com.', ['zone example.com.']],
    [['zone www.example.com.'], 'www\\.example.com.', []],
    [['zone example.com.'], 'a\\.b.example.com.', ['zone example.com.']],
    [['zone com.'], 'a\\.com.', []],
    [[], 'example.com.', []],
  ]),
);
