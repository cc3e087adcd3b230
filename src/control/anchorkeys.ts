import type { FetchedKeys } from '../resolver/authorities.ts';
import type { Path } from '../resolver/path.ts';
import type { Snapshot } from '../view/snapshot.ts';
import { isAtOrBelow, type Name } from '../wire/name.ts';
import type { Workers } from './workers.ts';

/** Longer than the budget of any question. */
const KEYS_MS_MAX = 15_000;

/** The DNSKEY records of a zone, by way of a worker. Undefined: there is none now, or nothing is validated by the zone. */
export async function fetchKeys(
  workers: Pick<Workers, 'askOne'>,
  snapshot: Snapshot | undefined,
  zone: Name,
): Promise<FetchedKeys | undefined> {
  const context = pathTo(zone, snapshot?.paths ?? [])?.context;
  if (context === undefined) return undefined;
  return workers.askOne<'keys'>({ ask: 'keys', zone, context }, KEYS_MS_MAX).catch(() => undefined);
}

/** By the rule that is nearest to the zone, of those whose answers are validated; of one name's that of the first view. */
export function pathTo(zone: Name, paths: readonly Path[]): Path | undefined {
  const ways = paths.filter(({ validate, domain }) => validate && isAtOrBelow(zone, domain));
  return ways.reduce<Path | undefined>(
    (best, path) => (best === undefined || isBefore(path, best) ? path : best),
    undefined,
  );
}

function isBefore(a: Path, b: Path): boolean {
  return a.domain.length > b.domain.length || (a.domain.length === b.domain.length && a.view < b.view);
}
