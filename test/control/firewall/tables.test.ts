/** Tables of large lists, from a thread: as those that are made at once, and with what they differ by. */
import t from 'tap';
import type { FirewallPolicy } from '../../../src/control/firewall/policy.ts';
import { AT_ONCE, differenceOf, ListTables } from '../../../src/control/firewall/tables.ts';
import { StoreError } from '../../../src/control/store/errors.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import type { DomainListData } from '../../../src/view/snapshot.ts';
import { HashedName } from '../../../src/wire/hashedname.ts';
import { type Name, nameFromText, nameToText } from '../../../src/wire/name.ts';
import { Domains } from '../../../src/zone/domains.ts';

const LOG = createLogger({ thread: 'control', format: 'json', write: () => undefined });
const SEED = 7;
const LARGE = Array.from({ length: 25_000 }, (_, i) => `n${i}.example.`);

/** One list, and how often it was read. */
function listOf(version: string, all: readonly string[]) {
  const reads = { count: 0 };
  const domains = (): Iterable<string> => {
    reads.count++;
    return all;
  };
  const list = { id: 'l', version, domains };
  const rule = {
    priority: 1,
    list: 'l',
    qtype: undefined,
    redirection: 'inspect',
    action: { kind: 'alert' },
  } as const;
  const policy: FirewallPolicy = {
    lists: [list],
    groups: [{ id: 'g', rules: [rule] }],
    associations: [{ id: 'a', group: 'g', vpc: 'v', priority: 1 }],
    failOpen: new Set(),
  };
  return { list, policy, reads };
}

const covered = (table: SharedArrayBuffer, name: string): boolean =>
  Domains.from(table).covers(new HashedName().set(nameFromText(name)));

t.test('a large list is read once, and its table is the same', async (t) => {
  const tables = new ListTables(LOG);
  const { list, policy, reads } = listOf('1', LARGE);
  await tables.prepare(policy, []);
  const table = tables.tableOf(list, SEED)!;
  t.equal(reads.count, 1, 'not again by tableOf');
  t.same(differenceOf(table, AT_ONCE.tableOf(list, SEED)!), { domains: 0, names: [] });
  for (const name of ['n0.example.', 'n24999.example.']) t.ok(covered(table, name));
  t.notOk(covered(table, 'n25000.example.'));
  const known: DomainListData = { id: 'l', version: '1', table };
  await tables.prepare(policy, [known]);
  t.equal(reads.count, 2, 'one that is known is not read (the second time was for the comparison)');
});

t.test('the thread finds what differs, as it would be found here', async (t) => {
  const tables = new ListTables(LOG);
  const from = AT_ONCE.tableOf(listOf('1', LARGE).list, SEED)!;
  const before: DomainListData = { id: 'l', version: '1', table: from };
  const { list, policy } = listOf('2', [...LARGE.slice(1), 'new.example.', '*.n5.example.']);
  await tables.prepare(policy, [before]);
  const table = tables.tableOf(list, SEED)!;
  const told = differenceOf(from, table);
  t.equal(told.domains, 3);
  t.same((told.names as Name[]).map(nameToText).sort(), ['n0.example.', 'n5.example.', 'new.example.']);
  t.same(Domains.difference(Domains.from(from), Domains.from(table), 9), told);
  const other = listOf(
    '3',
    Array.from({ length: 25_000 }, (_, i) => `m${i}.example.`),
  );
  await tables.prepare(other.policy, [before]);
  t.equal(differenceOf(from, tables.tableOf(other.list, SEED)!).names, 'all');
});

t.test('small lists, lists that no VPC has, and lists that cannot be had start no thread', async (t) => {
  const tables = new ListTables(LOG);
  const small = listOf('1', ['a.example.']);
  await tables.prepare(small.policy, []);
  t.ok(covered(tables.tableOf(small.list, SEED)!, 'a.example.'));
  const idle = listOf('1', LARGE);
  await tables.prepare({ ...idle.policy, associations: [] }, []);
  t.equal(idle.reads.count, 0);
  t.equal(tables.tableOf({ id: 'l', version: '9', domains: undefined }, SEED), undefined);
});

t.test('a store that cannot be read is no end of it', async (t) => {
  const tables = new ListTables(LOG);
  const { policy } = listOf('1', []);
  const domains = (): Iterable<string> => {
    throw new StoreError('io', 'the disk does not answer', 'mend it');
  };
  const list = { id: 'l', version: '1', domains };
  await t.resolves(tables.prepare({ ...policy, lists: [list] }, []));
  t.throws(() => tables.tableOf(list, SEED), { name: 'StoreError' }, 'who compiles is told');
});
