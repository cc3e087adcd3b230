import { AUTODEFINED_RECURSION } from '../../../src/control/compile/paths.ts';
import { type Compiled, compile, type Faults } from '../../../src/control/compile.ts';
import type { ConfigProblem } from '../../../src/control/config/problem.ts';
import type { Snapshot } from '../../../src/view/snapshot.ts';
import { View } from '../../../src/view/view.ts';
import { nameFromText, nameToText } from '../../../src/wire/name.ts';
import { rdataToText, typeToText } from '../../../src/wire/rdata/table.ts';
import { Zone } from '../../../src/zone/image.ts';
import { load } from '../config/support.ts';

export type Folder = Record<string, string>;
export type Result = (Compiled & { readonly errors?: undefined }) | Faults;

/** Compiles a configuration text with other files beside it. */
export function compileText(text: string, others: Folder = {}, previous?: Result): Result {
  const loaded = load(text, others);
  if (loaded.config === undefined)
    throw new Error(loaded.errors.map((error: ConfigProblem) => error.message).join('\n'));
  return compile(loaded.config, previous?.snapshot === undefined ? undefined : previous) as Result;
}

/** As `compileText`, for a configuration that has to be right. */
export function compiled(text: string, others: Folder = {}, previous?: Result): Compiled {
  const result = compileText(text, others, previous);
  if (result.snapshot === undefined) throw new Error(result.errors.map(({ message }) => message).join('\n'));
  return result;
}

/** `owner type rdata` of all records of a zone. */
export function recordsOf(result: Result, id: string): string[] {
  const data = result.snapshot?.zones.find((zone) => zone.id === id);
  if (data === undefined)
    throw new Error(`no zone ${id}: ${result.errors?.map(({ message }) => message).join()}`);
  const zone = Zone.from(data.image, data.key);
  return Array.from({ length: zone.nodeCount }, (_, node) => zone.rrsets(node))
    .flat()
    .flatMap(({ name, type, rdatas }) =>
      rdatas.map((rdata) => `${nameToText(name)} ${typeToText(type)} ${rdataToText(type, rdata)}`),
    );
}

export function viewOf(snapshot: Snapshot, vpc: string): View {
  const view = snapshot.views.find((each) => each.vpc === vpc);
  if (view === undefined) throw new Error(`no view ${vpc}`);
  return new View(snapshot, view.index);
}

/** `forward rule-id`, `zone zone-id`, … of all candidates but recursion by default, which goes without saying. */
export function candidatesOf(snapshot: Snapshot, vpc: string, qname: string): string[] {
  return allCandidatesOf(snapshot, vpc, qname).filter((text) => text !== BY_DEFAULT);
}

export const BY_DEFAULT = `recursive ${AUTODEFINED_RECURSION}`;

export function allCandidatesOf(snapshot: Snapshot, vpc: string, qname: string): string[] {
  return [...viewOf(snapshot, vpc).candidates(nameFromText(qname))].map(({ candidate }) =>
    'rule' in candidate ? `${candidate.kind} ${candidate.rule}` : `${candidate.kind} ${candidate.id}`,
  );
}
