/** Threads that are made before it is known what they are for. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import t from 'tap';
import { Nursery } from '../../src/server/nursery.ts';

const nurseryOf = (file: string): Nursery => new Nursery(new URL(`../support/${file}`, import.meta.url));

/** The name that the thread has. */
async function ask(thread: Worker): Promise<string> {
  thread.postMessage('name');
  const [name] = await once(thread, 'message');
  return name;
}

t.test('a thread that was made ahead is taken once, by its slot', async (t) => {
  const nursery = nurseryOf('naming-worker.ts');
  nursery.prepare(2);
  const threads = [nursery.take(1), nursery.take(0), nursery.take(1), nursery.take(2)];
  t.teardown(() => Promise.all(threads.map((thread) => thread.terminate())));
  t.equal(new Set(threads).size, 4);
  t.same(await Promise.all(threads.map(ask)), ['worker 1', 'worker 0', 'worker 1', 'worker 2']);
});

t.test('one that failed is not taken, and whoever takes the next hears why', async (t) => {
  const nursery = nurseryOf('broken-worker.ts');
  nursery.prepare(1);
  // It was made later than the one that waits, and so fails later.
  await once(nursery.take(1), 'exit').catch(() => undefined);
  const [error] = await once(nursery.take(0), 'error');
  t.match(error, { message: 'broken from the start' });
});

t.test('those that nobody took are ended', async (t) => {
  const nursery = nurseryOf('naming-worker.ts');
  nursery.prepare(2);
  const taken = nursery.take(0);
  t.teardown(() => taken.terminate());
  await nursery.close();
  t.equal(await ask(taken), 'worker 0', 'and no other');
});
