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

/** Questions between two turns of the event loop: a millisecond or two, in which clients wait. */
const QUESTIONS_PER_TURN = 8;

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
  for (const question of questions) {
    const key = `${question.vpc} ${question.type} ${addressToText(question.client)} ${nameKey(question.name)}`;
    const before = now.viewNamed(question.vpc);
    if (before === undefined || asked.size === asked.add(key).size) continue;
    const difference = await compare(now, then, before, question, peek, clock);
    if (difference !== undefined) differences.push(difference);
    if (asked.size % QUESTIONS_PER_TURN === 0) await new Promise(setImmediate);
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
  const next = then.viewOfAddress(client) ?? then.viewNamed(vpc);
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
