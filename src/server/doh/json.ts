import { FLAG, OPTION, UDP_PAYLOAD } from '../../wire/constants.ts';
import { type Edns, readEde } from '../../wire/edns.ts';
import { TextError } from '../../wire/error.ts';
import { encodeQuery, readMessage } from '../../wire/message.ts';
import { type Name, nameFromText, nameToText } from '../../wire/name.ts';
import { questionTypeFromText, rdataToText } from '../../wire/rdata/table.ts';
import type { Rr } from '../../wire/record.ts';

/** What public resolvers speak beside RFC 8484; there is no standard of it. */
export const DNS_JSON = 'application/dns-json';

/** Why parameters are no query: there is none in them, or it is of another class than ours. */
export type NoJsonQuery = 'none' | 'other class';

/** A query of `?name=&type=&class=&do=&cd=`. Without a type it is of A. The class, if it is said, has to be IN. */
export function readJsonQuery(parameters: URLSearchParams): Uint8Array | NoJsonQuery {
  const name = readName(parameters.get('name') ?? '');
  const type = readType(parameters.get('type') ?? 'A');
  if (name === undefined || type === undefined) return 'none';
  const classes = [...parameters.getAll('class'), ...parameters.getAll('qclass')];
  if (!classes.every((text) => IN.test(text))) return 'other class';
  // AD says that the member of that name is understood (RFC 6840 section 5.7).
  const flags = FLAG.RD | FLAG.AD | (isSet(parameters.get('cd')) ? FLAG.CD : 0);
  const dnssecOk = isSet(parameters.get('do'));
  // Always, as errors are extended for those only who speak it (RFC 8914 section 3).
  const edns = { payload: UDP_PAYLOAD, version: 0, dnssecOk, options: [] };
  return encodeQuery({ id: 0, name, type, flags, edns });
}

/** As a name, as a number and as RFC 3597 section 5 has it. */
const IN = /^(in|1|class1)$/i;

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
  const { flags, rcode, question, answer, authority, edns } = message;
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
    extended_dns_errors: errorsOf(edns),
  });
}

function recordOf({ name, type, ttl, rdata }: Rr): object {
  return { name: nameToText(name), type, TTL: ttl, data: rdataToText(type, rdata) };
}

/** Extended DNS Errors, as Google's resolver writes them. */
function errorsOf(edns: Edns | undefined): object[] | undefined {
  const options = edns?.options.filter(({ code }) => code === OPTION.EDE) ?? [];
  if (options.length === 0) return undefined;
  return options.map(({ data }) => {
    const { code, text } = readEde(data);
    return { info_code: code, extra_text: text };
  });
}
