import { addressToText } from '../util/cidr.ts';
import type { Clock } from '../util/clock.ts';
import type { Explanation } from '../view/explain.ts';
import type { View } from '../view/view.ts';
import type { WhatIfAnswer, WhatIfDifference, WhatIfQuestion, WorkerWhatIf } from '../view/whatif.ts';
import { nameKey, nameToText } from '../wire/name.ts';
import { typeToText } from '../wire/rdata/table.ts';
import { explain } from './explain.ts';
import type { Resolve } from './query.ts';
import type { World } from './world.ts';

/** Between two turns of the event loop, in which clients wait: then the question at hand is the last one. */
const TURN_MS = 2;

/**
 * Which questions another world would answer otherwise. Both worlds answer by the stages that serve, with the same
 * draw where chance decides. No packet is sent: what no cache knows counts as changed where somebody else would be
 * asked.
 */
export async function whatIf(
  now: World,
  then: World,
  questions: readonly WhatIfQuestion[],
  peek: Resolve,
  clock: Clock,
): Promise<WorkerWhatIf> {
  const asked = new Set<string>();
  const differences: WhatIfDifference[] = [];
  let turn = clock.now();
  for (const question of questions) {
    if (clock.now() - turn >= TURN_MS) {
      await new Promise(setImmediate);
      turn = clock.now();
    }
    const key = `${question.vpc} ${question.type} ${addressToText(question.client)} ${nameKey(question.name)}`;
    const before = now.viewNamed(question.vpc);
    if (before === undefined || asked.size === asked.add(key).size) continue;
    const difference = await compare(now, then, before, question, peek, clock);
    if (difference !== undefined) differences.push(difference);
  }
  return { questions: asked.size, differences };
}

async function compare(
  now: World,
  then: World,
  view: View,
  question: WhatIfQuestion,
  peek: Resolve,
  clock: Clock,
): Promise<WhatIfDifference | undefined> {
  const { name, type, client, vpc } = question;
  const asked = { name, type, client, draw: drawOf(question) };
  const before = await explain(now, view, asked, peek, clock);
  const next = nextView(now, then, vpc, client);
  const after = next === undefined ? undefined : await explain(then, next, asked, peek, clock);
  const [was, is] = [answerOf(before), after === undefined ? NO_VIEW : answerOf(after)];
  if (gist(was) === gist(is)) return undefined;
  const isShadowed = isPublic(before) && after !== undefined && after.source === 'zone';
  return {
    qname: nameToText(name),
    qtype: typeToText(type),
    vpc,
    client: addressToText(client),
    before: was,
    after: is,
    kind: isShadowed ? 'shadowed' : 'changed',
  };
}

/** The view that the client would have: its endpoint's own, unless its address decided until now and still does. */
function nextView(now: World, then: World, vpc: string, client: Uint8Array): View | undefined {
  const isBySource = then.snapshot.endpoints.some(({ view }) => view < 0);
  return isBySource && viewBySource(now, client)?.vpc === vpc
    ? viewBySource(then, client)
    : then.viewNamed(vpc);
}

/** At an endpoint that goes by the client's address. */
function viewBySource(world: World, client: Uint8Array): View | undefined {
  const open = world.snapshot.endpoints.find(({ view, defaultView }) => view < 0 && defaultView >= 0);
  return world.viewOfAddress(client) ?? (open && world.view(open.defaultView));
}

/** The client would be in no VPC. */
const NO_VIEW: WhatIfAnswer = { rcode: 'REFUSED', answer: [], by: 'nothing: the client is in no VPC' };

function answerOf({ answer, candidates }: Explanation): WhatIfAnswer {
  const chosen = candidates.filter((candidate) => candidate.chosen);
  const by = chosen.map(({ kind, id }) => `${kind} ${id}`).join(', ');
  return { rcode: answer.rcode, answer: answer.answer, by: by === '' ? 'nothing' : by };
}

/** Equal for answers that are the same to a client: TTLs that count down and the order of records are not. */
function gist({ rcode, answer, by }: WhatIfAnswer): string {
  if (rcode === 'unknown') return `unknown ${by}`;
  const records = answer.map((line) => line.replace(/^(\S+) \d+ /, '$1 ')).sort();
  return `${rcode} ${records.join('\n')}`;
}

/** Nobody but the public Internet, or a forwarder for everything, answered until now. */
function isPublic({ candidates, source }: Explanation): boolean {
  const chosen = candidates.filter((candidate) => candidate.chosen);
  return source !== 'zone' && chosen.length > 0 && chosen.every(({ name }) => name === '.');
}

/** The same for the same question. */
function drawOf({ name, type }: WhatIfQuestion): number {
  let draw = type;
  for (const octet of name) draw = (Math.imul(draw, 31) + octet) | 0;
  return draw >>> 0;
}
