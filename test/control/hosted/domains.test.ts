/** Domains of lists in the store: what comes out is what went in, in order, and a change writes what it changes. */
import fc from 'fast-check';
import t from 'tap';
import {
  DOMAINS,
  type DomainOperation,
  domainsFrom,
  editDomains,
} from '../../../src/control/hosted/domains.ts';
import { MemoryStore } from '../../support/memorystore.ts';

const ORIGIN = { account: '000000000000', accessKey: '', source: 'test', operation: 'test', summary: '' };

class Lists {
  readonly store = new MemoryStore(() => 0, 1000);

  /** Resolves with how many items the change had, and how many domains there are more. */
  async edit(id: string, operation: DomainOperation, domains: Iterable<string>) {
    const list = { id, account: ORIGIN.account };
    const { items, added } = editDomains(this.store, list, operation, [...new Set(domains)].sort());
    if (items.length > 0) await this.store.apply({ origin: ORIGIN, items });
    return { items: items.length, added };
  }

  domains(id: string, from?: string): string[] {
    return [...domainsFrom(this.store, id, from)];
  }
}

const numbered = (count: number, step = 1): string[] =>
  Array.from({ length: count }, (_, i) => `d${String(i * step).padStart(6, '0')}.example.`);

t.test('any changes of two lists leave what sets would have', async (t) => {
  const domain = fc.integer({ min: 0, max: 400 }).map((n) => (n === 0 ? '*' : `${n % 7 ? '' : '*.'}d${n}.`));
  const change = fc.record({
    list: fc.constantFrom('a', 'ab'),
    operation: fc.constantFrom<DomainOperation>('ADD', 'REMOVE', 'REPLACE'),
    domains: fc.uniqueArray(domain, { maxLength: 250 }),
  });
  const property = fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
    const lists = new Lists();
    const model: Record<string, Set<string>> = { a: new Set(), ab: new Set() };
    for (const { list, operation, domains } of changes) {
      const before = model[list]!;
      const given = new Set(domains);
      const after =
        operation === 'ADD' ? before.union(given) : operation === 'REMOVE' ? before.difference(given) : given;
      model[list] = after;
      const { added } = await lists.edit(list, operation, domains);
      if (added !== after.size - before.size) return false;
      for (const [id, set] of Object.entries(model))
        if (lists.domains(id).join() !== [...set].sort().join()) return false;
    }
    return true;
  });
  await t.resolves(fc.assert(property, { numRuns: 60 }));
});

t.test('a change writes the leaves that it changes', async (t) => {
  const lists = new Lists();
  const all = numbered(3000, 2);
  const { items, added } = await lists.edit('a', 'REPLACE', all);
  t.equal(added, 3000);
  t.ok(items > 90 && items < 200, `${items} leaves`);
  t.equal(lists.store.count({ kind: DOMAINS, parent: 'a' }), items);
  t.same(await lists.edit('a', 'REPLACE', all), { items: 0, added: 0 }, 'the same again');
  t.same(await lists.edit('a', 'ADD', ['d000003.example.']), { items: 1, added: 1 });
  t.same(await lists.edit('a', 'ADD', ['d000003.example.']), { items: 0, added: 0 });
  const rest = all.filter((_, i) => i !== 1500);
  t.same(await lists.edit('a', 'REPLACE', rest), { items: 2, added: -2 }, 'one less, and the one of before');
  t.same(await lists.edit('a', 'REMOVE', rest), { items, added: -2999 }, 'empty leaves go');
  t.equal(lists.store.count({ kind: DOMAINS, parent: 'a' }), 0);
});

t.test('a page begins anywhere', async (t) => {
  const lists = new Lists();
  const all = numbered(5000);
  await lists.edit('a', 'ADD', all);
  t.same(lists.domains('a', all[3210]), all.slice(3210));
  t.same(lists.domains('a', `${all[3210]!}x`), all.slice(3211), 'where none is');
  t.same(lists.domains('a', 'e'), []);
  t.same(lists.domains('b'), []);
});
