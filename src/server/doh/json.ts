import { FLAG, UDP_PAYLOAD } from '../../wire/constants.ts';
import { TextError } from '../../wire/error.ts';
import { encodeQuery, readMessage } from '../../wire/message.ts';
import { type Name, nameFromText, nameToText } from '../../wire/name.ts';
import { questionTypeFromText, rdataToText } from '../../wire/rdata/table.ts';
import type { Rr } from '../../wire/record.ts';

/** What public resolvers speak beside RFC 8484; there is no standard of it. */
export const DNS_JSON = 'application/dns-json';

/** A query of `?name=&type=&do=&cd=`, or undefined where those are none. Without a type it is of A. */
export function readJsonQuery(parameters: URLSearchParams): Uint8Array | undefined {
  const name = readName(parameters.get('name') ?? '');
  const type = readType(parameters.get('type') ?? 'A');
  if (name === undefined || type === undefined) return undefined;
  // AD says that the member of that name is understood (RFC 6840 section 5.7).
  const flags = FLAG.RD | FLAG.AD | (isSet(parameters.get('cd')) ? FLAG.CD : 0);
  const dnssecOk = isSet(parameters.get('do'));
  const edns = dnssecOk ? { payload: UDP_PAYLOAD, version: 0, dnssecOk, options: [] } : undefined;
  return encodeQuery({ id: 0, name, type, flags, edns });
}

function readName(text: string): Name | undefined {
  try {
    return nameFromText(text);
  } catch (error) {
    if (error instanceof TextError) return undefined;
    throw error;
  }
}

/** A name or a number. */
function readType(text: string): number | undefined {
  return questionTypeFromText(/^\d{1,5}$/.test(text) ? `TYPE${text}` : text);
}

function isSet(text: string | null): boolean {
  return text === '1' || text === 'true';
}

/** A response of ours in JSON. */
export function jsonOf(reply: Uint8Array): string {
  const message = readMessage(reply);
  const { flags, rcode, question, answer, authority } = message;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const records = (section: readonly Rr[]): object[] | undefined =>
    section.length === 0 ? undefined : section.map(recordOf);
  return JSON.stringify({
    Status: rcode,
    TC: has(FLAG.TC),
    RD: has(FLAG.RD),
    RA: has(FLAG.RA),
    AD: has(FLAG.AD),
    CD: has(FLAG.CD),
    Question: question === undefined ? [] : [{ name: nameToText(question.name), type: question.type }],
    Answer: records(answer),
    Authority: records(authority),
  });
}

function recordOf({ name, type, ttl, rdata }: Rr): object {
  return { name: nameToText(name), type, TTL: ttl, data: rdataToText(type, rdata) };
}
