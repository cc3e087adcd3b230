import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WhatIfAnswer, WhatIfDifference, WhatIfReport } from '../view/whatif.ts';
import { CliError, type Command, DAEMON_OPTIONS, type Io, usageError } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { cell, json, paint } from './output.ts';

export const command: Command = {
  name: 'what-if',
  usage: '[--change FILE] [--assume WHAT[,WHAT…]] [--questions FILE]',
  summary:
    'Shows which questions would be answered otherwise: by another configuration, or while something is down.\nThe daemon answers its last questions, or those of a file, twice. Nothing is put in force, no packet is sent.',
  options: {
    ...DAEMON_OPTIONS,
    change: { type: 'string', value: 'FILE', help: 'the configuration to try, instead of the one in force' },
    assume: { type: 'string', value: 'WHAT', help: 'hc-1=unhealthy, hc-1=healthy, region=eu-west-1:down' },
    questions: {
      type: 'string',
      value: 'FILE',
      help: 'lines of NAME TYPE VPC CLIENT, instead of the last questions',
    },
  },
  examples: [
    'causeway what-if --change new.yaml',
    'causeway what-if --assume region=eu-west-1:down,hc-eu=unhealthy',
  ],
  async run(input, io) {
    if (input.positionals.length > 0) throw usageError('what-if', 'it takes no words but options');
    const change = input.text('change');
    const assume = input.text('assume')?.split(',') ?? [];
    const file = input.text('questions');
    if (change === undefined && assume.length === 0)
      throw usageError('what-if', 'say --change FILE or --assume WHAT');
    const report = await ask<WhatIfReport>(socketOf(input, io.cwd), 'POST', '/what-if', {
      ...(change === undefined ? {} : { change: resolve(io.cwd, change) }),
      assume,
      ...(file === undefined ? {} : { questions: questionsIn(resolve(io.cwd, file)) }),
    });
    io.out(input.flag('json') ? json(report) : reportText(report, io));
    return 0;
  },
};

function questionsIn(file: string): { name: string; type: string; vpc: string; client: string }[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(`${file}: ${(error as Error).message}`, 'name a file of lines NAME TYPE VPC CLIENT');
  }
  return text.split('\n').flatMap((line, i) => {
    const words = line.replace(/#.*/, '').trim().split(/\s+/);
    if (words[0] === '') return [];
    const [name, type, vpc, client, ...rest] = words;
    if (client === undefined || rest.length > 0)
      throw new CliError(`${file}:${i + 1}: not a question`, 'write NAME TYPE VPC CLIENT');
    return { name: name!, type: type!, vpc: vpc!, client };
  });
}

/** A block for each difference, and the sum below. */
export function reportText(
  { questions, differences, warnings }: WhatIfReport,
  io: Pick<Io, 'colour'>,
): string {
  const blocks = differences.map((difference) => differenceText(difference, io));
  const asked = `${questions} ${questions === 1 ? 'question' : 'questions'} tried`;
  const sum =
    differences.length === 0
      ? 'all are answered as before'
      : `${differences.length} would be answered otherwise`;
  const doubts = warnings.map((warning) => `warning: ${cell(warning).text}\n`);
  return `${blocks.join('')}${doubts.join('')}${asked}: ${sum}\n`;
}

function differenceText(
  { qname, qtype, vpc, client, before, after, kind }: WhatIfDifference,
  { colour }: Pick<Io, 'colour'>,
): string {
  const head = paint(`${cell(qname).text} ${cell(qtype).text}`, 'bold', colour);
  const shadowed =
    kind === 'shadowed' ? paint('  a public name that a private zone would hide', 'yellow', colour) : '';
  return [
    `${head} for ${cell(client).text} in ${cell(vpc).text}${shadowed}`,
    ...answerLines(before).map((line) => paint(`  - ${line}`, 'red', colour)),
    ...answerLines(after).map((line) => paint(`  + ${line}`, 'green', colour)),
    '',
  ].join('\n');
}

function answerLines({ rcode, answer, by }: WhatIfAnswer): string[] {
  return [`${cell(rcode).text} by ${cell(by).text}`, ...answer.map((line) => cell(line).text)];
}
