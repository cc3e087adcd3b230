import type { Name } from '../../wire/name.ts';
import { nameToRoute53 } from '../records/names.ts';

/**
 * Sort keys whose order is that in which Route 53 lists: names by their labels from the right, each as Route 53 writes
 * it (lower case, octal escapes, a dot behind each label), compared as ASCII; then the type, then the SetIdentifier.
 * A blank parts the three: it is less than every character of a name.
 */

/** `com.example.www.` for `www.example.com.` */
export function nameOrder(name: Name): string {
  const labels = nameToRoute53(name).split('.').slice(0, -1);
  return labels
    .reverse()
    .map((label) => `${label}.`)
    .join('');
}

/** @param type as Route 53 writes it: `AAAA` */
export function recordSetOrder(name: Name, type: string, setIdentifier = ''): string {
  return `${nameOrder(name)} ${type} ${setIdentifier}`;
}

/** Where a list begins that is to start at a name, or at a type of it, or at one of its sets. */
export function recordSetStart(name: Name, type?: string, setIdentifier?: string): string {
  if (type === undefined) return `${nameOrder(name)} `;
  return recordSetOrder(name, type, setIdentifier);
}

/** In the order of making, for resources whose lists follow that. */
export function revisionOrder(revision: number): string {
  return String(revision).padStart(16, '0');
}
