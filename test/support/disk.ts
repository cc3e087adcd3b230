/** File systems of a few megabytes in memory, for what happens where there is no more space. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: 'ignore' });
}

/** One of this many megabytes; the folder is made where it is missing. */
export function mountSmall(folder: string, megabytes: number): void {
  mkdirSync(folder, { recursive: true });
  mount('-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', folder);
}

export function unmount(path: string): void {
  execFileSync('umount', ['-l', path], { stdio: 'ignore' });
}

/** Why tests that mount cannot run here, for tap's `skip`; false where this user may. */
export function unmountable(): string | false {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-mount-'));
  try {
    mountSmall(folder, 1);
    unmount(folder);
    return false;
  } catch {
    return 'needs the right to mount file systems';
  } finally {
    rmSync(folder, { recursive: true });
  }
}
