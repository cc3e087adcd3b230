import type { Candidate, Overlay, Snapshot } from '../../src/view/snapshot.ts';
import { type Match, View } from '../../src/view/view.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { NameTable } from '../../src/zone/nametable.ts';

/** What stands in a view, in words: `forward corp.example.`, `zone a.example. nxdomain`. */
export type Standing = `${'forward' | 'system' | 'zone' | 'local'} ${string}`;

/** A view of what is listed, as the compiler would make it. */
export function viewOf(things: readonly Standing[]): View {
  const groups: Candidate[][] = [];
  const names = new Map<string, Candidate[]>();
  for (const order of ['forward', 'system', 'zone', 'local'])
    for (const thing of things) {
      const [kind, name, overlay] = thing.split(' ') as [string, string, Overlay | undefined];
      if (kind !== order) continue;
      const key = name.toLowerCase();
      const group = names.get(key) ?? [];
      if (!names.has(key)) {
        names.set(key, group);
        groups.push(group);
      }
      group.push(candidateOf(kind, name, overlay));
    }
  const entries = [...names.keys()].map((name, i) => [nameFromText(name), i] as const);
  const table = NameTable.build(entries).buffer as SharedArrayBuffer;
  const view = { vpc: 'vpc-1', region: 'eu-central-1', index: 0, key: 1, table, groups };
  return new View({ views: [view] } as unknown as Snapshot, 0);
}

function candidateOf(kind: string, name: string, overlay: Overlay | undefined): Candidate {
  switch (kind) {
    case 'forward':
      return { kind, rule: name, path: 0 };
    case 'system':
      return { kind, rule: name };
    case 'zone':
      return { kind, id: name, zone: 0, context: 1, overlay: overlay ?? 'none' };
    default:
      return { kind: 'local', id: name, zone: 0, context: 1 };
  }
}

/** `forward corp.example.` */
export function textOf({ candidate, name }: Match): string {
  return `${candidate.kind} ${nameToText(name).toLowerCase()}`;
}

export function candidatesOf(view: View, qname: string): string[] {
  return [...view.candidates(nameFromText(qname))].map(textOf);
}
