/** `dig` and `kdig` as clients of end-to-end tests, with what they print taken apart. */
import { execFile } from 'node:child_process';
import { findTool } from './tools.ts';

export interface DigRecord {
  readonly name: string;
  readonly ttl: number;
  readonly class: string;
  readonly type: string;
  readonly rdata: string;
  /** `name ttl class type rdata`, one space between. */
  readonly text: string;
}

export interface DigReply {
  /** NOERROR, NXDOMAIN, … as printed, or NOREPLY when no reply came. */
  readonly status: string;
  readonly opcode: string;
  readonly id: number;
  /** `['qr', 'aa', 'rd', 'ra', 'ad']` */
  readonly flags: readonly string[];
  readonly questions: readonly string[];
  readonly answers: readonly DigRecord[];
  readonly authority: readonly DigRecord[];
  /** Without OPT. */
  readonly additional: readonly DigRecord[];
  /** Lines of the OPT pseudosection without their `;`; undefined when the reply has no OPT. */
  readonly edns: readonly string[] | undefined;
  /** Info codes and texts of Extended DNS Errors. */
  readonly ede: readonly { code: number; text: string }[];
  /** Transport of the reply that was printed. */
  readonly transport: 'UDP' | 'TCP' | undefined;
  /** The first reply was truncated and the question asked again by TCP. */
  readonly retriedByTcp: boolean;
  /** Octets of the reply. */
  readonly size: number;
  readonly exitCode: number;
  /** Everything printed. */
  readonly output: string;
}

const RUN_MS_MAX = 60_000;

/**
 * Runs dig: `dig(at(server), 'www.example.', 'A', '+dnssec')`. One try of 10 s and no ~/.digrc unless the arguments say
 * otherwise; a test that expects silence says `+time=1`. Never throws for want of a reply: see `status`.
 */
export function dig(...args: (string | readonly string[])[]): Promise<DigReply> {
  return run('dig', ['-r', '+tries=1', '+time=10', ...args.flat()]);
}

/** Runs kdig: EDNS only with `+edns` or an option that implies it. One try of 10 s. */
export function kdig(...args: (string | readonly string[])[]): Promise<DigReply> {
  return run('kdig', ['+retry=0', '+time=10', ...args.flat()]);
}

/** The arguments that name a server: `['@127.0.0.1', '-p', '5353']`. */
export function at(server: { readonly address: string; readonly port: number }): string[] {
  return [`@${server.address}`, '-p', String(server.port)];
}

function run(program: string, args: string[]): Promise<DigReply> {
  const path = findTool(program);
  if (path === undefined) throw new Error(`${program} is not installed`);
  return new Promise((resolve) => {
    execFile(
      path,
      args,
      { encoding: 'latin1', timeout: RUN_MS_MAX, maxBuffer: 1 << 26 },
      (error, out, err) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
        resolve(parseDig(out + err, exitCode));
      },
    );
  });
}

type Section = 'QUESTION' | 'ANSWER' | 'AUTHORITY' | 'ADDITIONAL' | 'EDNS';

/** Takes apart the output of dig or kdig for one question. */
export function parseDig(output: string, exitCode = 0): DigReply {
  const lines: Record<Section, string[]> = {
    QUESTION: [],
    ANSWER: [],
    AUTHORITY: [],
    ADDITIONAL: [],
    EDNS: [],
  };
  let section: Section | undefined;
  for (const line of output.split('\n')) {
    const heading = /^;; (?:(QUESTION|ANSWER|AUTHORITY|ADDITIONAL) SECTION|(OPT|EDNS) PSEUDOSECTION):/.exec(
      line,
    );
    if (heading !== null) section = (heading[1] ?? 'EDNS') as Section;
    else if (line.trim() === '') section = undefined;
    else if (section !== undefined) lines[section].push(line);
  }
  const header = /opcode: (\w+)[,;] status: (\w+)[,;] id: (\d+)/.exec(output);
  const edns = lines.EDNS.map((line) => line.replace(/^;+ */, ''));
  return {
    status: header?.[2] ?? 'NOREPLY',
    opcode: header?.[1] ?? '',
    id: Number(header?.[3] ?? 0),
    flags: (/^;; flags: ([a-z ]*);/im.exec(output)?.[1] ?? '').split(' ').filter((flag) => flag !== ''),
    questions: lines.QUESTION.map((line) => line.replace(/^;+ */, '').trim().replace(/\s+/g, ' ')),
    answers: lines.ANSWER.map(parseRecord),
    authority: lines.AUTHORITY.map(parseRecord),
    additional: lines.ADDITIONAL.map(parseRecord),
    edns: /PSEUDOSECTION/.test(output) ? edns : undefined,
    ede: edns.flatMap(parseEde),
    transport: transportOf(output),
    retriedByTcp: /retrying (?:in TCP mode|over TCP)/.test(output),
    size: Number(/(?:MSG SIZE\s+rcvd:|;; Received) (\d+)/.exec(output)?.[1] ?? 0),
    exitCode,
    output,
  };
}

function parseRecord(line: string): DigRecord {
  const [name = '', ttl = '', klass = '', type = '', ...rest] = line.split(/\s+/);
  // The rdata is kept as printed: a quoted string may hold runs of blanks.
  const rdata = /^\S+\s+\S+\s+\S+\s+\S+\s*(.*)$/.exec(line)?.[1] ?? rest.join(' ');
  return {
    name,
    ttl: Number(ttl),
    class: klass,
    type,
    rdata,
    text: `${name} ${ttl} ${klass} ${type} ${rdata}`,
  };
}

/** dig: `EDE: 18 (Prohibited): (text)`; kdig: `EDE: 18 (Prohibited): 'text'`. */
function parseEde(line: string): { code: number; text: string }[] {
  const match = /^EDE: (\d+)(?: \([^)]*\))?(?:: *(.*))?$/.exec(line);
  if (match === null) return [];
  return [{ code: Number(match[1]), text: (match[2] ?? '').replace(/^[('"](.*)[)'"]$/, '$1') }];
}

function transportOf(output: string): 'UDP' | 'TCP' | undefined {
  const last = [...output.matchAll(/^;; (?:SERVER:|From) .*\((UDP|TCP)\)/gm)].at(-1)?.[1];
  return last === 'UDP' || last === 'TCP' ? last : undefined;
}
