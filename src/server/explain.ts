import { Budget } from '../resolver/budget.ts';
import type { Clock } from '../util/clock.ts';
import { cryptoPrng } from '../util/prng.ts';
import type { ExplainCandidate, ExplainTrust, Explanation } from '../view/explain.ts';
import type { Candidate } from '../view/snapshot.ts';
import type { Match, Standing, View } from '../view/view.ts';
import { rcodeToText } from '../wire/constants.ts';
import { type Name, nameEquals, nameToText } from '../wire/name.ts';
import { rdataToText, typeToText } from '../wire/rdata/table.ts';
import type { Rrset } from '../wire/record.ts';
import { Asker } from '../zone/routing/asker.ts';
import { wayToText } from './askpath.ts';
import { Query, type Resolve } from './query.ts';
import { answerQuery } from './stages.ts';
import { Trace, type TracedName, type TracedTrust } from './trace.ts';
import type { World } from './world.ts';

export interface ExplainQuestion {
  readonly name: Name;
  readonly type: number;
  readonly client?: Uint8Array | undefined;
  /** How many leading bits of the client's address are known; absent: all. */
  readonly bits?: number | undefined;
  /** A random 32-bit number, by which record sets are drawn. */
  readonly draw?: number;
}

/**
 * Answers a question by the stages that serve and tells what each decided. Without `live` no packet is sent: what
 * no cache knows is told as what would be asked. With it, the answer is the one that a client would get now.
 */
export async function explain(
  world: World,
  view: View,
  question: ExplainQuestion,
  resolve: Resolve,
  clock: Clock,
): Promise<Explanation> {
  const trace = new Trace();
  const client = question.client ?? UNKNOWN_CLIENT;
  const asker = new Asker().set(
    client,
    question.bits ?? 8 * client.length,
    question.draw ?? cryptoPrng.u32(),
  );
  const q = new Query({
    world,
    view,
    qname: question.name,
    qtype: question.type,
    recursionDesired: true,
    dnssecOk: false,
    checkingDisabled: false,
    budget: new Budget(clock.now()),
    resolve,
    asker,
    tokens: [],
    screened: true,
    trace,
  });
  await answerQuery(q);
  const { last } = trace;
  return {
    qname: nameToText(question.name),
    qtype: typeToText(question.type),
    view: view.vpc,
    steps: trace.steps,
    candidates: namesOf(trace, question.name).flatMap((traced) => candidatesOf(world, view, traced)),
    trust: trace.trust.map(trustOf),
    routing: trace.routing,
    answer: {
      // What would have to be asked for is not told as if it were an empty answer.
      rcode: trace.known ? rcodeToText(q.answer.rcode) : 'unknown',
      flags: [
        ...(q.answer.aa ? ['aa'] : []),
        ...(view.serves === 'resolver' ? ['ra'] : []),
        ...(q.answer.ad ? ['ad'] : []),
      ],
      answer: q.answer.answer.flatMap(rrsetToText),
      authority: [...q.answer.authority, ...q.answer.zoneNs].flatMap(rrsetToText),
      additional: q.answer.additional.flatMap(rrsetToText),
    },
    source: q.source,
    ...(last?.upstream === undefined ? {} : { upstream: last.upstream }),
    ...(last?.ageSeconds === undefined ? {} : { ageSeconds: last.ageSeconds }),
    ede: q.answer.ede,
  };
}

/** Somewhere that no table knows. */
const UNKNOWN_CLIENT = new Uint8Array(4);

/** The names that were looked at, each once; the question's alone where nothing covers it. */
function namesOf({ names }: Trace, qname: Name): TracedName[] {
  if (names.length === 0) return [{ name: qname, tried: [], passed: new Map() }];
  return names.filter(({ name }, i) => names.findIndex((other) => nameEquals(other.name, name)) === i);
}

function trustOf({ name, security, steps }: TracedTrust): ExplainTrust {
  return { name: nameToText(name), security, steps };
}

/**
 * All that stands at a name of the chain and above it, in order of precedence, and what became of each. Of those
 * that were tried the last one answered; the others passed the question on.
 */
function candidatesOf(world: World, view: View, { name, tried, passed }: TracedName): ExplainCandidate[] {
  const standings = view.standings(name);
  const winner = standings.find(({ match }) => match.candidate === tried.at(-1))?.match;
  return standings.map(({ match, standing }) => ({
    name: nameToText(match.name),
    kind: match.candidate.kind,
    id: idOf(world, match.candidate),
    chosen: match === winner,
    why:
      match === winner ? 'longest match' : (passed.get(match.candidate) ?? whyNot(match, standing, winner)),
  }));
}

function whyNot(match: Match, standing: Standing, winner: Match | undefined): string {
  switch (standing) {
    case 'hole':
      return 'a SYSTEM rule: resolved without forward rules from here on';
    case 'passed-over':
      return 'a forward rule behind a SYSTEM rule';
    case 'may-answer':
      if (winner === undefined) return 'not asked';
      if (match.name.length < winner.name.length) return `${nameToText(winner.name)} is more specific`;
      if (match.name.length > winner.name.length) return 'not asked for DS records of its own name';
      return `a ${winner.candidate.kind} goes before a ${match.candidate.kind} of the same name`;
  }
}

function idOf(world: World, candidate: Candidate): string {
  switch (candidate.kind) {
    case 'forward':
    case 'recursive':
      return wayToText(world.snapshot.paths[candidate.path]!);
    case 'system':
      return candidate.rule;
    case 'zone':
    case 'local':
      return candidate.id;
  }
}

/** One line a record, in zone-file form. */
export function rrsetToText(set: Rrset): string[] {
  return set.rdatas.map(
    (rdata) =>
      `${nameToText(set.name)} ${set.ttl} IN ${typeToText(set.type)} ${rdataToText(set.type, rdata)}`,
  );
}
