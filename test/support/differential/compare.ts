/** Asks both resolvers the same and says where they differ. */
import { FLAG, OPTION, rcodeToText, TYPE } from '../../../src/wire/constants.ts';
import { findOption, readEde } from '../../../src/wire/edns.ts';
import { WireError } from '../../../src/wire/error.ts';
import type { Message } from '../../../src/wire/message.ts';
import { fold, nameToText } from '../../../src/wire/name.ts';
import { canonicalRdata, rdataToText, typeToText } from '../../../src/wire/rdata/table.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { Stub } from '../stub.ts';
import type { Case, Question } from './tree.ts';

export interface Answer {
  readonly rcode: string;
  readonly ad: boolean;
  /** Sorted, without signatures and TTLs. */
  readonly records: readonly string[];
  /** What is said to be wrong. */
  readonly ede: string;
}

/** One question, and what each made of it. */
export interface Asked {
  readonly of: Case;
  readonly question: Question;
  readonly ours: Answer;
  readonly theirs: Answer;
}

interface Server {
  readonly address: string;
  readonly port: number;
}

const IN_FLIGHT = 24;
const PATIENCE = { timeout: 8_000, tries: 2 } as const;

/** Questions of a case are asked one after the other, as what is in the cache by then may matter. */
export async function compare(cases: readonly Case[], ours: Server, theirs: Server): Promise<Asked[]> {
  const stubs = [new Stub({ ...ours, ...PATIENCE }), new Stub({ ...theirs, ...PATIENCE })] as const;
  const asked: Asked[] = [];
  const waiting = [...cases];
  const job = async (): Promise<void> => {
    for (let of = waiting.shift(); of !== undefined; of = waiting.shift())
      for (const question of of.questions) {
        const [own, peer] = await Promise.all([ask(stubs[0], question), ask(stubs[1], question)]);
        asked.push({ of, question, ours: own, theirs: peer });
        // NSD says nothing of some zones that are broken. More of it would only take long.
        if (peer.rcode === 'NOREPLY') break;
      }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, job));
  } finally {
    for (const stub of stubs) stub.close();
  }
  return asked;
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
