import { isIP } from 'node:net';
import { isoFromWall, printable } from '../telemetry/text.ts';
import { FLAG, rcodeToText } from '../wire/constants.ts';
import { TextError } from '../wire/error.ts';
import { type Name, nameFromText, nameToText } from '../wire/name.ts';
import { questionTypeFromText, typeToText } from '../wire/rdata/table.ts';
import { type Command, type Input, type Io, usageError, wholeNumber } from './command.ts';
import { configFor, glance } from './daemon.ts';
import { exchange, type Question, type Reply } from './exchange.ts';
import { columns, json, paint } from './output.ts';
import { type RecordText, recordText } from './records.ts';

export const command: Command = {
  name: 'query',
  usage: '[@SERVER] [-p PORT] NAME [TYPE] [+tcp] [+norecurse] [+cd] [--dnssec] [--json]',
  summary:
    "Asks a DNS server and shows the reply, read by a decoder that is not the daemon's own (dns-packet).\nWithout @SERVER it asks the first address that the configuration listens on.",
  options: {
    port: { type: 'string', short: 'p', value: 'PORT', help: 'the port to ask, 53 unless told' },
    dnssec: { type: 'boolean', help: 'ask for DNSSEC records (DO); also +dnssec' },
    tcp: { type: 'boolean', help: 'ask by TCP; also +tcp' },
    config: { type: 'string', value: 'FILE', help: 'the configuration whose daemon is asked' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  examples: [
    'causeway query db.internal.example A',
    'causeway query @192.0.2.53 -p 5353 www.corp.example AAAA +tcp --dnssec',
  ],
  async run(input, io) {
    const question = readQuestion(input, io);
    const reply = await exchange(question);
    io.out(input.flag('json') ? json(replyJson(reply)) : replyText(reply, io));
    return 0;
  },
};

const PLUS_WORDS = ['+tcp', '+dnssec', '+norecurse', '+cd'];

function readQuestion(input: Input, io: Io): Question {
  const plus = input.positionals.filter((word) => word.startsWith('+'));
  const unknown = plus.find((word) => !PLUS_WORDS.includes(word));
  if (unknown !== undefined)
    throw usageError('query', `no option ${unknown}; known are ${PLUS_WORDS.join(' ')}`);
  const servers = input.positionals.filter((word) => word.startsWith('@'));
  const [name, type = 'A', ...rest] = input.positionals.filter((word) => !/^[+@]/.test(word));
  if (name === undefined || rest.length > 0 || servers.length > 1)
    throw usageError('query', 'say one NAME, at most one TYPE and one @SERVER');
  const port = input.text('port');
  const where = servers[0] === undefined ? configured(input, io) : { server: servers[0].slice(1), port: 53 };
  const code = questionTypeFromText(type);
  if (code === undefined) throw usageError('query', `no record type ${JSON.stringify(type)}`);
  return {
    server: where.server,
    port: port === undefined ? where.port : wholeNumber('query', '--port', port, 1, 65_535),
    name: readName(name),
    type: code,
    flags: (plus.includes('+norecurse') ? 0 : FLAG.RD) | (plus.includes('+cd') ? FLAG.CD : 0),
    dnssec: input.flag('dnssec') || plus.includes('+dnssec'),
    tcp: input.flag('tcp') || plus.includes('+tcp'),
  };
}

function readName(text: string): Name {
  try {
    return nameFromText(text);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw usageError('query', `${JSON.stringify(text)} is no domain name: ${error.message}`);
  }
}

/** Where nothing is configured. */
const LOCAL = { server: '127.0.0.1', port: 53 };
const WILDCARD: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The first listener of the configuration; a wildcard address is asked on loopback. */
function configured(input: Input, io: Io): { server: string; port: number } {
  const config = configFor(input.text('config'), io.cwd);
  const listen = config === undefined ? undefined : glance(config).listen;
  const match = /^\[?([^\]]*?)\]?:(\d+)$/.exec(listen ?? '');
  if (match === null || isIP(match[1]!) === 0) return LOCAL;
  return { server: WILDCARD[match[1]!] ?? match[1]!, port: Number(match[2]) };
}

interface Section {
  readonly title: string;
  readonly records: readonly RecordText[];
}

function sections({ decoded }: Reply): Section[] {
  const text = (records: Reply['decoded']['answers']): RecordText[] =>
    (records ?? []).flatMap((record) => recordText(record, isoFromWall) ?? []);
  return [
    { title: 'answer', records: text(decoded.answers) },
    { title: 'authority', records: text(decoded.authorities) },
    { title: 'additional', records: text(decoded.additionals) },
  ];
}

function flagWords({ decoded }: Reply): string[] {
  const flags = decoded.flags ?? 0;
  return Object.entries(FLAG)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([word]) => word.toLowerCase());
}

/** RFC 8914: dns-packet hands the option over as it is. */
function extendedErrors({ decoded }: Reply): { code: number; text: string }[] {
  return (decoded.additionals ?? []).flatMap((record) => {
    if (record.type !== 'OPT') return [];
    return record.options.flatMap((option) => {
      const { code, data } = option as { code: number; data?: Buffer };
      if (code !== 15 || data === undefined || data.length < 2) return [];
      return [{ code: data.readUInt16BE(0), text: data.toString('utf8', 2) }];
    });
  });
}

function replyJson(reply: Reply): unknown {
  const { question } = reply;
  return {
    server: question.server,
    port: question.port,
    transport: reply.transport,
    qname: nameToText(question.name),
    qtype: typeToText(question.type),
    rcode: rcodeToText(reply.rcode),
    flags: flagWords(reply),
    ...Object.fromEntries(sections(reply).map(({ title, records }) => [title, records])),
    ede: extendedErrors(reply),
    octets: reply.octets,
    milliseconds: Math.round(reply.ms * 1000) / 1000,
  };
}

function replyText(reply: Reply, io: Pick<Io, 'colour'>): string {
  const { question } = reply;
  const shade = reply.rcode === 0 ? 'green' : reply.rcode === 3 ? 'yellow' : 'red';
  const asked = `${nameToText(question.name)} ${typeToText(question.type)}`;
  const lines = [
    `${paint(asked, 'bold', io.colour)}  ${paint(rcodeToText(reply.rcode), shade, io.colour)}  ${flagWords(reply).join(' ')}\n`,
  ];
  for (const { code, text } of extendedErrors(reply)) lines.push(`EDE ${code} ${printable(text)}\n`);
  for (const { title, records } of sections(reply)) {
    if (records.length === 0) continue;
    lines.push(`\n${paint(title, 'dim', io.colour)}\n`);
    const rows = records.map((r) =>
      [r.name, String(r.ttl), r.class, r.type, r.data].map((text) => ({ text })),
    );
    lines.push(columns(rows, io.colour));
  }
  const from = `${question.server} port ${question.port} by ${reply.transport.toUpperCase()}`;
  lines.push(`\n${reply.octets} octets from ${from} in ${reply.ms.toFixed(1)} ms\n`);
  return lines.join('');
}
