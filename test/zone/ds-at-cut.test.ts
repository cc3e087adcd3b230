import t from 'tap';
import { APEX, ask, build, problems, zone } from './support.ts';

const z = zone(
  'example.',
  `signed   NS ns.far.
   signed   DS 12345 13 2 ${'ab'.repeat(32)}
   unsigned NS ns.far.`,
);

t.test('DS at the cut is answered from the parent side (RFC 4035 section 3.1.4.1)', async (t) => {
  t.same(ask(z, 'signed.example. DS'), ['HIT', `signed.example. 300 DS 12345 13 2 ${'AB'.repeat(32)}`]);
  t.same(ask(z, 'unsigned.example. DS'), ['NODATA']);
});

t.test('below the cut it is the child that knows', async (t) => {
  t.same(ask(z, 'a.unsigned.example. DS'), ['DELEGATION', 'unsigned.example. 300 NS ns.far.']);
  t.same(ask(z, 'signed.example. NS'), ['DELEGATION', 'signed.example. 300 NS ns.far.']);
});

t.test('DS of the zone itself belongs to its parent', async (t) => {
  t.same(ask(z, 'example. DS'), ['NODATA']);
  const { warnings } = build('example.', `${APEX}@ DS 12345 13 2 ${'ab'.repeat(32)}`);
  t.same(problems(warnings), ['example. DS: ignored: it stands in the parent zone (RFC 4035 section 2.4)']);
  t.same(ask(zone('example.', `@ DS 12345 13 2 ${'ab'.repeat(32)}`), 'example. DS'), ['NODATA']);
});
