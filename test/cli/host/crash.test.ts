/** An installation, or the end of one, may stop at any change of the disk: afterwards all is as it was. */
import t, { type Test } from 'tap';
import { type Runner, undoAll } from '../../../src/cli/host/change.ts';
import { Disk } from '../../../src/cli/host/disk.ts';
import { install, type Plan, planInstall } from '../../../src/cli/host/install.ts';
import { forgetJournal, readJournal } from '../../../src/cli/host/journal.ts';
import type { World } from '../../../src/cli/host/world.ts';
import { IMAGES, type Image, listing, makeImage, removeImage } from './image.ts';

const CHANGES = [
  'mkdir',
  'rmdir',
  'create',
  'symlink',
  'link',
  'rename',
  'unlink',
  'overwrite',
  'cut',
  'dress',
] as const;
/** No image takes more. */
const CHANGES_MAX = 60;

class Crash extends Error {}

/** What stops everything at the change of a number; a file that is being made is half there then. */
class Stopper {
  #left: number;
  constructor(changes: number) {
    this.#left = changes;
  }
  count(): boolean {
    return this.#left-- === 0;
  }
  disk(disk: Disk): Disk {
    return new Proxy(disk, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        if (!CHANGES.includes(name as (typeof CHANGES)[number])) return value.bind(target);
        return (...args: unknown[]) => {
          if (!this.count()) return value.apply(target, args);
          if (name === 'create') {
            const [path, content, dress] = args as Parameters<Disk['create']>;
            target.create(path, content.slice(0, content.length / 2), dress);
          }
          throw new Crash();
        };
      },
    });
  }
  runner(run: Runner): Runner {
    return (command) => {
      if (this.count()) throw new Crash();
      return run(command);
    };
  }
}

const WISH = { config: '/etc/causeway/causeway.yaml', address: undefined, names: [], probes: [] };

/** The steps of a live host whose daemon does not run yet. */
function planOf(disk: Disk): Promise<Plan> {
  const means = { live: true, systemd: true };
  return planInstall({ disk, means, run: () => ({ ok: false, text: '' }), listeners: [] }, WISH);
}

const fine = { ok: true, text: '' };

/** Nothing is looked up, and commands are only counted. Installs until the change of a number; true if it came to its end before that. */
async function installs(disk: Disk, stopper: Stopper): Promise<boolean> {
  const plan = await planOf(disk);
  const world: World = {
    disk: stopper.disk(disk),
    means: { live: false, systemd: false },
    run: stopper.runner(() => fine),
    listeners: [],
  };
  return stops(() => install(world, WISH, plan));
}

async function stops(act: () => unknown): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof Crash) return false;
    throw error;
  }
}

/** What `causeway uninstall-host` does. */
function uninstalls(disk: Disk, stopper: Stopper): Promise<boolean> {
  const stopping = stopper.disk(disk);
  return stops(() => {
    const journal = readJournal(stopping);
    if (journal === undefined) forgetJournal(stopping);
    else
      undoAll(
        stopping,
        journal,
        stopper.runner(() => fine),
      );
  });
}

const never = (): Stopper => new Stopper(-1);

/** Stops at each change in turn: an installation, then its undoing, twice. */
async function everyCrash(t: Test, image: Image, open: (root: string) => Disk): Promise<void> {
  let changes = 0;
  for (let n = 0; n < CHANGES_MAX; n++) {
    const root = makeImage(image);
    const disk = open(root);
    const before = listing(root);
    const ended = await installs(disk, new Stopper(n));
    if (ended) t.not(listing(root).join('\n'), before.join('\n'), 'an installation leaves something');
    if (ended) changes = n;
    // Undone, stopped at another change each time, and then without.
    const undone = await uninstalls(disk, new Stopper(n % 7));
    if (!undone) await uninstalls(disk, new Stopper(n % 3));
    t.ok(await uninstalls(disk, never()), 'and is undone to its end');
    t.same(listing(root), before, `after a stop at change ${n}`);
    removeImage(root);
    if (ended) break;
  }
  t.ok(changes > 8, `${changes} changes were stopped at`);
  for (let n = 0; n < CHANGES_MAX; n++) {
    const root = makeImage(image);
    const disk = open(root);
    const before = listing(root);
    await installs(disk, never());
    const ended = await uninstalls(disk, new Stopper(n));
    if (!ended) t.ok(await uninstalls(disk, never()));
    t.same(listing(root), before, `after a stop at change ${n} of its undoing`);
    removeImage(root);
    if (ended) break;
  }
}

const UNIT = {
  '/usr/lib/systemd/system/causeway.service': '[Service]\nExecStart=/usr/bin/causeway serve\n',
};

for (const [name, image] of Object.entries(IMAGES))
  t.test(`${name}: stopped at any change, it is undone byte for byte`, (t) =>
    everyCrash(t, { ...image, ...UNIT }, (root) => new Disk(root)),
  );

t.test('a mount point is written into: stopped at any change, it is undone byte for byte', (t) => {
  class Mounted extends Disk {
    override isMounted(path: string): boolean {
      return path === '/etc/resolv.conf';
    }
  }
  return everyCrash(t, { ...IMAGES.file, ...UNIT }, (root) => new Mounted(root));
});
