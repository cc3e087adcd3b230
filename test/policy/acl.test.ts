import t from 'tap';
import { judgeClient } from '../../src/policy/acl.ts';
import { CidrTable, parseAddress, parseCidr } from '../../src/util/cidr.ts';

const allow = CidrTable.build(
  ['127.0.0.0/8', '10.20.0.0/16', 'fd00:20::/48'].map((text) => ({ ...parseCidr(text), value: 0 })),
);

t.test('inside passes, outside gets what the endpoint says', async (t) => {
  for (const inside of ['127.0.0.1', '10.20.255.255', 'fd00:20::1', '::ffff:10.20.0.1'])
    t.equal(judgeClient({ allow, outside: 'drop' }, parseAddress(inside)), 'pass', inside);
  for (const outside of ['10.21.0.0', '192.0.2.1', 'fd00:21::1', '::1']) {
    t.equal(judgeClient({ allow, outside: 'drop' }, parseAddress(outside)), 'drop', outside);
    t.equal(judgeClient({ allow, outside: 'refuse' }, parseAddress(outside)), 'refuse', outside);
  }
});

t.test('an empty list lets nobody in', async (t) => {
  t.equal(judgeClient({ allow: CidrTable.build([]), outside: 'drop' }, parseAddress('127.0.0.1')), 'drop');
});
