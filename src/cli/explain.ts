import type { TrustStep } from '../resolver/truststep.ts';
import type {
  ExplainAnswer,
  ExplainCandidate,
  ExplainRouting,
  ExplainSet,
  ExplainStep,
  ExplainTrust,
  Explanation,
} from '../view/explain.ts';
import { type Command, DAEMON_OPTIONS, type Io, usageError } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { type Cell, cell, columns, duration, json, paint } from './output.ts';

export const command: Command = {
  name: 'explain',
  usage: 'NAME [TYPE] --vpc ID [--client IP] [--live]',
  summary:
    'Shows how a question is answered in a VPC, decision by decision, with every rule and zone that was beaten.\nNo packet is sent unless --live is given.',
  options: {
    ...DAEMON_OPTIONS,
    vpc: { type: 'string', value: 'ID', help: 'the VPC that asks' },
    client: { type: 'string', value: 'IP', help: 'the address that asks; without --vpc it selects the VPC' },
    live: { type: 'boolean', help: 'ask the targets where the cache does not know' },
  },
  examples: [
    'causeway explain db.internal.example A --vpc vpc-corp',
    'causeway explain www.corp.example AAAA --client 10.20.3.4 --live',
  ],
  async run(input, io) {
    const [name, type = 'A', ...rest] = input.positionals;
    if (name === undefined || rest.length > 0)
      throw usageError('explain', 'say one NAME and at most one TYPE');
    const vpc = input.text('vpc');
    const client = input.text('client');
    if (vpc === undefined && client === undefined) throw usageError('explain', 'say --vpc ID or --client IP');
    const explanation = await ask<Explanation>(socketOf(input, io.cwd), 'POST', '/explain', {
      name,
      type,
      ...(vpc === undefined ? {} : { vpc }),
      ...(client === undefined ? {} : { client }),
      live: input.flag('live'),
    });
    io.out(input.flag('json') ? json(explanation) : explanationText(explanation, io));
    return 0;
  },
};

interface Branch {
  readonly text: string;
  readonly children?: readonly Branch[];
}

/** The whole as a tree: the question, decisions, what competed, and the answer. */
export function explanationText(explanation: Explanation, { colour }: Pick<Io, 'colour'>): string {
  const safe = (text: string): string => cell(text).text;
  const view = explanation.view === undefined ? 'no VPC' : safe(explanation.view);
  const question = paint(`${safe(explanation.qname)} ${safe(explanation.qtype)}`, 'bold', colour);
  const branches: Branch[] = [
    { text: 'decisions', children: alignedBranches(explanation.steps.map(stepCells), colour) },
    { text: 'candidates', children: alignedBranches(explanation.candidates.map(candidateCells), colour) },
    ...explanation.routing.map((routing) => routingBranch(routing, colour)),
    ...explanation.trust.map((trust) => trustBranch(trust, colour)),
    { text: answerHead(explanation, colour), children: answerBranches(explanation.answer) },
    ...explanation.ede.map(({ code, text }) => ({ text: `EDE ${code}: ${safe(text)}` })),
  ];
  const shown = branches.filter(({ children }) => children === undefined || children.length > 0);
  return `${question} in ${view}\n${treeLines(shown).join('\n')}\n`;
}

function stepCells({ stage, decision, detail }: ExplainStep): Cell[] {
  return [cell(stage, 'cyan'), cell(detail === undefined ? decision : `${decision} (${detail})`)];
}

function candidateCells({ name, kind, id, chosen, why }: ExplainCandidate): Cell[] {
  const mark: Cell = chosen ? { text: '✓', colour: 'green' } : { text: '·', colour: 'dim' };
  return [mark, cell(name), cell(kind), cell(id), cell(why)];
}

function routingBranch({ name, type, policy, location, sets }: ExplainRouting, colour: boolean): Branch {
  const where = location === undefined ? '' : `; the client is ${cell(location).text}`;
  const text = `${policy} record sets of ${cell(name).text} ${type}${where}`;
  return { text, children: alignedBranches(sets.map(setCells), colour) };
}

function setCells({ id, rule, leadsTo, health, check, chosen, why }: ExplainSet): Cell[] {
  const mark: Cell = chosen ? { text: '✓', colour: 'green' } : { text: '·', colour: 'dim' };
  const by = check === undefined ? health : `${health} (${check})`;
  const shade = health === 'unhealthy' ? 'red' : undefined;
  return [mark, cell(id), cell(rule), cell(leadsTo), cell(by, shade), cell(why)];
}

function trustBranch({ name, security, steps }: ExplainTrust, colour: boolean): Branch {
  const found = steps.some(({ outcome }) => outcome === 'bogus') ? 'bogus' : cell(security).text;
  const text = `chain of trust to ${cell(name).text}: ${found}`;
  return { text, children: alignedBranches(steps.map(trustCells), colour) };
}

/** How a step is drawn by its outcome: the one where the chain broke is to be seen at once. */
const OUTCOMES = {
  secure: { mark: '✓', colour: 'green' },
  insecure: { mark: '·', colour: 'yellow' },
  bogus: { mark: '✗', colour: 'red' },
} as const;

/** What stands for the keys of a zone. */
const GROUNDS: Readonly<Record<TrustStep['by'], string>> = {
  anchor: 'trust anchor',
  ds: 'DS',
  'no-ds': 'no DS',
  nta: 'negative trust anchor',
  answer: 'signature',
};

function trustCells({ zone, outcome, by, keys, digests, why }: TrustStep): Cell[] {
  const { mark, colour } = OUTCOMES[outcome];
  const signed = keys.map(({ tag, algorithm }) => `${tag} ${algorithm}`).join(', ');
  const grounds = digests.length === 0 ? GROUNDS[by] : `${GROUNDS[by]} ${digests.join(', ')}`;
  return [
    { text: mark, colour },
    cell(zone),
    cell(outcome, colour),
    cell(grounds),
    cell(signed === '' ? '' : `key ${signed}`),
    cell(why ?? ''),
  ];
}

function answerHead({ answer, source, upstream, ageSeconds }: Explanation, colour: boolean): string {
  const flags = answer.flags.length === 0 ? '' : ` ${answer.flags.join(' ')}`;
  const from = upstream === undefined ? source : `${source}, ${upstream}`;
  const age = ageSeconds === undefined ? '' : `, ${duration(ageSeconds)} old`;
  const shade = answer.rcode === 'NOERROR' ? 'green' : answer.rcode === 'NXDOMAIN' ? 'yellow' : 'red';
  return `answer ${paint(cell(answer.rcode).text, shade, colour)}${cell(flags).text} from ${cell(from + age).text}`;
}

function answerBranches({ answer, authority, additional }: ExplainAnswer): Branch[] {
  const records = [
    ...answer.map((text) => cell(text).text),
    ...authority.map((text) => `${cell(text).text}  ; authority`),
    ...additional.map((text) => `${cell(text).text}  ; additional`),
  ];
  return records.length === 0 ? [{ text: 'no records' }] : records.map((text) => ({ text }));
}

function alignedBranches(rows: readonly (readonly Cell[])[], colour: boolean): Branch[] {
  const lines = columns(rows, colour).split('\n');
  return lines.slice(0, rows.length).map((text) => ({ text }));
}

function treeLines(branches: readonly Branch[]): string[] {
  return branches.flatMap(({ text, children }, index) => {
    const last = index === branches.length - 1;
    const below = treeLines(children ?? []).map((line) => `${last ? '   ' : '│  '}${line}`);
    return [`${last ? '└─' : '├─'} ${text}`, ...below];
  });
}
