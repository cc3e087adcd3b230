/** CIDR collections in snapshots: tables, and slots that last. */
import t from 'tap';
import type { Compiled } from '../../../src/control/compile.ts';
import { CidrTable, parseAddress } from '../../../src/util/cidr.ts';
import { locationKey } from '../../../src/zone/geo/regions.ts';
import { BASE } from '../config/support.ts';
import { compiled, type Result } from './support.ts';

const text = (...collections: string[]): string => `${BASE}cidrCollections: [${collections.join(', ')}]\n`;
const collection = (id: string, cidr = '10.0.0.0/8'): string =>
  `{ id: ${id}, locations: [{ name: office, cidrs: [${cidr}] }, { name: lab, cidrs: [10.20.0.0/16] }] }`;
const slots = ({ snapshot }: Compiled): (string | undefined)[] =>
  snapshot.collections.map((each) => each?.id);

t.test('a table of the keys of locations', async (t) => {
  const { snapshot } = compiled(text(collection('c1')));
  const [c1] = snapshot.collections;
  t.match(c1, { id: 'c1', name: 'c1', locations: ['office', 'lab'] });
  const table = CidrTable.from(c1!.table);
  t.equal(table.lookup(parseAddress('10.1.2.3')), locationKey('office'));
  t.equal(table.lookup(parseAddress('10.20.2.3')), locationKey('lab'));
  t.equal(table.lookup(parseAddress('11.1.2.3')), -1);
});

t.test('a collection keeps its slot, and what did not change keeps its buffer', async (t) => {
  const first = compiled(text(collection('a'), collection('b'), collection('c')));
  const next = (...ids: string[]): Compiled => {
    last = compiled(text(...ids.map((id) => collection(id))), {}, last as Result);
    return last;
  };
  let last = first;
  t.same(slots(next('c', 'a', 'b')), ['a', 'b', 'c'], 'order means nothing');
  t.equal(last.snapshot.collections[1], first.snapshot.collections[1]);
  t.same(last.changes, []);
  t.same(
    slots(next('c', 'a', 'd')),
    ['a', undefined, 'c', 'd'],
    'no other gets a slot in the very next snapshot',
  );
  t.same(last.changes, ['CIDR collection d: added', 'CIDR collection b: removed']);
  t.same(slots(next('e', 'c', 'a', 'd')), ['a', 'e', 'c', 'd'], 'but later');
  t.same(slots(next('a')), ['a']);
  const other = compiled(text(collection('a', '11.0.0.0/8')), {}, last as Result);
  t.same(other.changes, ['CIDR collection a: changed']);
});
