/** Asks both resolvers the same and says where they differ. */
import { FLAG, OPTION, rcodeToText, TYPE } from '../../../src/wire/constants.ts';
import { findOption, readEde } from '../../../src/wire/edns.ts';
import { WireError } from '../../../src/wire/error.ts';
import type { Message } from '../../../src/wire/message.ts';
import { fold, nameToText } from '../../../src/wire/name.ts';
import { canonicalRdata, rdataToText, typeToText } from '../../../src/wire/rdata/table.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { Stub } from '../stub.ts';
import type { Case, Question, Tree } from './tree.ts';

export interface Answer {
  readonly rcode: string;
  readonly ad: boolean;
  /** Sorted, without signatures and TTLs. */
  readonly records: readonly string[];
  /** What is said to be wrong. */
  readonly ede: string;
}

export interface Difference {
  readonly of: Case;
  readonly question: Question;
  readonly ours: Answer;
  readonly theirs: Answer;
}

export interface Totals {
  asked: number;
  secure: number;
  insecure: number;
  failed: number;
  readonly differences: Difference[];
  /** All answers of ours. */
  readonly ours: {
    readonly of: Case;
    readonly question: Question;
    readonly answer: Answer;
    readonly theirs: Answer;
  }[];
}

interface Server {
  readonly address: string;
  readonly port: number;
}

const IN_FLIGHT = 24;

/** Questions of a case are asked one after the other, as what is in the cache by then may matter. */
export async function compare(tree: Tree, ours: Server, theirs: Server): Promise<Totals> {
  const totals: Totals = { asked: 0, secure: 0, insecure: 0, failed: 0, differences: [], ours: [] };
  const stubs = [new Stub({ ...ours, timeout: 15_000 }), new Stub({ ...theirs, timeout: 15_000 })] as const;
  const waiting = [...tree.cases];
  const job = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      for (const question of next.questions) await one(next, question);
  };
  const one = async (of: Case, question: Question): Promise<void> => {
    const [own, peer] = await Promise.all(stubs.map((stub) => ask(stub, question)));
    totals.asked++;
    totals.ours.push({ of, question, answer: own!, theirs: peer! });
    if (peer!.rcode === 'SERVFAIL') totals.failed++;
    else if (peer!.ad) totals.secure++;
    else totals.insecure++;
    if (textOf(own!) !== textOf(peer!)) totals.differences.push({ of, question, ours: own!, theirs: peer! });
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, job));
  for (const stub of stubs) stub.close();
  return totals;
}

async function ask(stub: Stub, { name, type }: Question): Promise<Answer> {
  try {
    return answerOf(await stub.ask(name, type));
  } catch (error) {
    if (error instanceof WireError) return { rcode: 'MALFORMED', ad: false, records: [], ede: '' };
    throw error;
  }
}

export function answerOf(reply: Message | undefined): Answer {
  if (reply === undefined) return { rcode: 'NOREPLY', ad: false, records: [], ede: '' };
  const records = reply.answer.filter((rr) => rr.type !== TYPE.RRSIG).map(recordText);
  return {
    rcode: rcodeToText(reply.flags & 0x0f),
    ad: (reply.flags & FLAG.AD) !== 0,
    records: records.sort(),
    ede: edeOf(reply),
  };
}

/** In canonical form, without TTL. */
export function recordText(rr: Rr): string {
  const rdata = rdataToText(rr.type, canonicalRdata(rr.type, rr.rdata));
  return `${nameToText(fold(rr.name))} ${typeToText(rr.type)} ${rdata}`;
}

function edeOf(reply: Message): string {
  const data = findOption(reply.edns, OPTION.EDE);
  if (data === undefined) return '';
  const { code, text } = readEde(data);
  return `${code} ${text}`;
}

export function textOf({ rcode, ad, records }: Answer): string {
  return [rcode, ad ? 'ad' : '', ...records].join(' ');
}
