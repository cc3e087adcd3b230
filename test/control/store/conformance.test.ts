/** One test for all engines. */
import t from 'tap';
import { MemoryStore } from '../../support/memorystore.ts';
import { conformance } from './conformance.ts';
import { folderOf, storeIn } from './support.ts';

t.test('SQLite', async (t) => {
  conformance(t, (t, { clock, keepItems }) =>
    storeIn(t, folderOf(t), { clock, keep: { items: keepItems, auditMs: 3_600_000 } }),
  );
});

t.test('memory', async (t) => {
  conformance(t, (_, { clock, keepItems }) => new MemoryStore(() => clock.wall(), keepItems));
});
