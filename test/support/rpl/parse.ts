/** Reads scenario files: Unbound's notation for its own resolver tests, and what is added to it here. */
import type { Question, Rr } from '../../../src/wire/record.ts';
import { withMade } from './made.ts';
import { applyReplyWord, parseQuestion, parseRecord } from './packet.ts';
import type { Range, Scenario, Step } from './scenario.ts';
import { type Action, type Entry, MATCH_WORDS, type Match, type MatchWord } from './scenario.ts';
import { parseWorkLimit } from './work.ts';

/** Throws Error that names the file and the line. */
export function parseScenario(text: string, file: string): Scenario {
  const reader = new Reader(withMade(text));
  try {
    return readScenario(reader);
  } catch (error) {
    if (error instanceof Error) error.message = `${file}:${reader.line}: ${error.message}`;
    throw error;
  }
}

/** The lines that say something, one after the other. */
class Reader {
  readonly #lines: readonly string[];
  /** Number of the line read last, from 1. */
  line = 0;

  constructor(text: string) {
    this.#lines = text.split('\n').map((line) => line.trim());
  }

  /** The next line that is neither empty nor a comment; the end of the file is an error. */
  next(): string {
    for (;;) {
      const line = this.#lines[this.line++];
      if (line === undefined) throw new Error('the file ends too early');
      if (line !== '' && !line.startsWith(';') && !line.startsWith('#')) return line;
    }
  }

  /** All lines up to `end`, comments and empty ones too. */
  until(end: string): string {
    const from = this.line;
    for (;;) {
      const line = this.#lines[this.line++];
      if (line === undefined) throw new Error(`no ${end}`);
      if (line.startsWith(end)) return this.#lines.slice(from, this.line - 1).join('\n');
    }
  }
}

/** The words of a line without its comment. */
function wordsOf(line: string): string[] {
  return line
    .replace(/;.*/, '')
    .split(/\s+/)
    .filter((word) => word !== '');
}

function readScenario(reader: Reader): Scenario {
  const config = reader.until('CONFIG_END');
  const begin = reader.next();
  if (!begin.startsWith('SCENARIO_BEGIN')) throw new Error('SCENARIO_BEGIN is missing');
  const title = begin.slice('SCENARIO_BEGIN'.length).trim();
  const ranges: Range[] = [];
  const steps: Step[] = [];
  for (;;) {
    const line = reader.next();
    const [keyword, ...words] = wordsOf(line);
    if (keyword === 'RANGE_BEGIN') ranges.push(readRange(reader, words));
    else if (keyword === 'STEP') steps.push(readStep(reader, words));
    else if (keyword === 'SCENARIO_END') return { title, config, ranges, steps };
    else throw new Error(`RANGE_BEGIN, STEP or SCENARIO_END is expected: ${line}`);
  }
}

function readRange(reader: Reader, [from, to]: readonly string[]): Range {
  let address: string | undefined;
  const entries: Entry[] = [];
  for (;;) {
    const [keyword, argument] = wordsOf(reader.next());
    if (keyword === 'ADDRESS') address = argument;
    else if (keyword === 'ENTRY_BEGIN') entries.push(readEntry(reader));
    else if (keyword === 'RANGE_END') return { from: count(from), to: count(to), address, entries };
    else throw new Error(`ADDRESS, ENTRY_BEGIN or RANGE_END is expected: ${keyword}`);
  }
}

function count(text: string | undefined): number {
  if (text === undefined || !/^\d+$/.test(text)) throw new Error(`not a number: ${text}`);
  return Number(text);
}

function readStep(reader: Reader, [number, kind, ...words]: readonly string[]): Step {
  const { line } = reader;
  return { number: count(number), line, ...readAction(reader, kind ?? '', words) };
}

function readAction(reader: Reader, kind: string, words: readonly string[]): Action {
  switch (kind) {
    case 'QUERY':
      return { kind: 'query', client: addressOf(words), entry: readStepEntry(reader) };
    case 'CHECK_ANSWER':
      return { kind: 'check-answer', client: addressOf(words), entry: readStepEntry(reader) };
    case 'CHECK_OUT_QUERY':
      return { kind: 'check-out-query', address: addressOf(words), entry: readStepEntry(reader) };
    case 'REPLY':
      return { kind: 'reply', entry: readStepEntry(reader) };
    case 'TIMEOUT':
      return { kind: 'timeout' };
    case 'ERROR':
      return { kind: 'error' };
    case 'NOTHING':
    case 'TRAFFIC':
      return { kind: 'traffic' };
    case 'TIME_PASSES':
      return { kind: 'time-passes', ms: elapse(words) };
    case 'CHECK_WORK':
      return { kind: 'check-work', limits: words.map(parseWorkLimit) };
    default:
      throw new Error(`no such step here: ${kind}`);
  }
}

function addressOf(words: readonly string[]): string | undefined {
  if (words.length === 0) return undefined;
  if (words.length !== 2 || words[0] !== 'ADDRESS')
    throw new Error(`ADDRESS is expected: ${words.join(' ')}`);
  return words[1];
}

function elapse([word, seconds]: readonly string[]): number {
  const ms = Number(seconds) * 1000;
  if (word !== 'ELAPSE' || !(ms >= 0)) throw new Error('TIME_PASSES ELAPSE and a number of seconds');
  return ms;
}

function readStepEntry(reader: Reader): Entry {
  const line = reader.next();
  if (line.startsWith('ENTRY_BEGIN')) return readEntry(reader);
  throw new Error(`ENTRY_BEGIN is expected: ${line}`);
}

/** An entry as far as it is read. */
class Draft {
  readonly line: number;
  readonly words = new Set<MatchWord>();
  ede: Match['ede'] = 'none';
  readonly adjust = new Set<string>();
  flags = 0;
  dnssecOk = false;
  section: 'question' | 'answer' | 'authority' | 'additional' = 'question';
  question: Question | undefined;
  readonly answer: Rr[] = [];
  readonly authority: Rr[] = [];
  readonly additional: Rr[] = [];
  hex: Uint8Array | undefined;

  constructor(line: number) {
    this.line = line;
  }

  get entry(): Entry {
    const { line, words, ede, adjust, flags, dnssecOk, question, answer, authority, additional, hex } = this;
    return {
      line,
      match: { words, ede },
      copyId: adjust.has('copy_id'),
      copyQuery: adjust.has('copy_query'),
      packet: { flags, dnssecOk, question, answer, authority, additional },
      hex,
    };
  }
}

function readEntry(reader: Reader): Entry {
  const draft = new Draft(reader.line);
  for (;;) {
    const line = reader.next();
    const [keyword, ...words] = wordsOf(line);
    switch (keyword) {
      case 'ENTRY_END':
        return draft.entry;
      case 'MATCH':
        for (const word of words) addMatch(draft, word);
        break;
      case 'ADJUST':
        for (const word of words) addAdjust(draft, word);
        break;
      case 'REPLY':
        for (const word of words) addReply(draft, word);
        break;
      case 'SECTION':
        draft.section = sectionOf(words[0]);
        break;
      case 'HEX_ANSWER_BEGIN':
        draft.hex = Buffer.from(reader.until('HEX_ANSWER_END').replace(/;.*/g, '').replace(/\s/g, ''), 'hex');
        break;
      default:
        addRecord(draft, line);
    }
  }
}

function addMatch(draft: Draft, word: string): void {
  const known = MATCH_WORDS.find((each) => each === word);
  const [, ede] = /^ede=(any|\d+)$/.exec(word) ?? [];
  if (known !== undefined) draft.words.add(known);
  else if (ede !== undefined) draft.ede = ede === 'any' ? 'any' : Number(ede);
  else throw new Error(`no such word after MATCH here: ${word}`);
}

function addAdjust(draft: Draft, word: string): void {
  if (word !== 'copy_id' && word !== 'copy_query') throw new Error(`no such word after ADJUST here: ${word}`);
  draft.adjust.add(word);
}

function addReply(draft: Draft, word: string): void {
  if (word === 'DO') {
    draft.dnssecOk = true;
    return;
  }
  const flags = applyReplyWord(draft.flags, word);
  if (flags === undefined) throw new Error(`no such word after REPLY here: ${word}`);
  draft.flags = flags;
}

function sectionOf(word: string | undefined): Draft['section'] {
  switch (word) {
    case 'QUESTION':
      return 'question';
    case 'ANSWER':
      return 'answer';
    case 'AUTHORITY':
      return 'authority';
    case 'ADDITIONAL':
      return 'additional';
    default:
      throw new Error(`no such section: ${word}`);
  }
}

function addRecord(draft: Draft, line: string): void {
  if (draft.section !== 'question') draft[draft.section].push(parseRecord(line));
  else if (draft.question === undefined) draft.question = parseQuestion(line);
  else throw new Error('more than one question');
}
