/** The files that come with the project: what `npm start` serves, and what recursion starts from. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkConfig, compile } from '../../../src/control/compile.ts';
import { loadConfig } from '../../../src/control/config/load.ts';
import { TYPE } from '../../../src/wire/constants.ts';
import { nameKey, nameToText, ROOT } from '../../../src/wire/name.ts';
import { rdataToText } from '../../../src/wire/rdata/table.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { parseZone } from '../../../src/wire/text/zonefile.ts';
import { candidatesOf, recordsOf } from '../compile/support.ts';

const root = join(import.meta.dirname, '../../..');
const example = join(root, 'config/causeway.yaml');

t.test('the example has no errors and no warnings, and serves what it says', async (t) => {
  t.same(checkConfig(example), { errors: [], warnings: [] });
  const { config } = loadConfig(example);
  t.equal(config!.stateFolder, join(root, 'state'));
  const compiled = compile(config!);
  const { snapshot } = compiled;
  t.same(candidatesOf(snapshot!, 'vpc-example', 'db.internal.example.'), [
    'zone zone-internal',
    'recursive rule-internet',
  ]);
  t.same(candidatesOf(snapshot!, 'vpc-example', 'www.corp.example.'), [
    'forward rule-corp',
    'recursive rule-internet',
  ]);
  t.same(candidatesOf(snapshot!, 'vpc-example', 'www.example.net.'), ['recursive rule-internet']);
  t.ok(snapshot!.paths.find(({ rule }) => rule === 'rule-internet')!.validate);
  t.ok(
    recordsOf(compiled as Parameters<typeof recordsOf>[0], 'zone-internal').includes(
      'db.internal.example. A 10.20.0.5',
    ),
  );
});

function records(file: string): Rr[] {
  const out: Rr[] = [];
  const text = readFileSync(join(root, 'config', file));
  t.same(parseZone(text, { origin: ROOT, file, defaultTtl: 0, onRecord: (rr) => out.push(rr) }), []);
  return out;
}

t.test('root hints: 13 servers, each with its IPv4 and IPv6 address', async (t) => {
  const all = records('root.hints');
  const ns = all.filter(({ type }) => type === TYPE.NS);
  t.equal(ns.length, 13);
  for (const { rdata } of ns) {
    const glue = all.filter(({ name }) => nameKey(name) === nameKey(rdata)).map(({ type }) => type);
    t.same(glue, [TYPE.A, TYPE.AAAA], nameToText(rdata));
  }
});

t.test('trust anchors: KSK-2017 and KSK-2024, as Debian has them', async (t) => {
  const anchors = records('root.key').map(({ type, rdata }) => rdataToText(type, rdata));
  t.match(anchors, [/^20326 8 2 E06D44B8/i, /^38696 8 2 683D2D0A/i]);
  const debian = '/usr/share/dns/root.ds';
  if (!existsSync(debian)) return;
  const theirs = readFileSync(debian, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.replace('. IN DS ', '').toUpperCase());
  t.same(
    anchors.map((anchor) => anchor.toUpperCase()),
    theirs,
  );
});
