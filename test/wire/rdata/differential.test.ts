/**
 * Every sample against two readers of zone files that nobody here wrote: the octets that named-compilezone and
 * ldns-read-zone make of a text, and the text that named-compilezone prints.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { toHex } from '../../../src/wire/base.ts';
import { Cursor } from '../../../src/wire/cursor.ts';
import { nameToText } from '../../../src/wire/name.ts';
import { rdataToText } from '../../../src/wire/rdata/table.ts';
import { missing } from '../../support/servers.ts';
import { findTool } from '../../support/tools.ts';
import { SAMPLES, type Sample } from './samples.ts';
import { code, rdata } from './text.ts';

const folder = mkdtempSync(join(tmpdir(), 'causeway-rdata-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** A zone with each sample at an owner of its own, `s0.example.`, `s1.example.`, … */
function zoneOf(line: (sample: Sample) => string | undefined): string {
  const lines = SAMPLES.map((sample, i) => [i, line(sample)] as const).filter(
    ([, text]) => text !== undefined,
  );
  return [
    '$ORIGIN example.',
    '$TTL 300',
    '@ SOA ns hostmaster 1 1h 2h 3w 4d',
    '@ NS ns.elsewhere.',
    ...lines.map(([i, text]) => `s${i} ${text}`),
    '',
  ].join('\n');
}

function write(name: string, zone: string): string {
  const file = join(folder, name);
  writeFileSync(file, zone);
  return file;
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(findTool(program)!, args, { encoding: 'latin1', stdio: 'pipe', timeout: 10_000 });
}

/**
 * What ldns 1.8 cannot read: a newer key of SvcParams; no type at all in CSYNC; octets after `key1=`, for which it takes
 * alpn's own form; and RFC 9460's own example of escapes in alpn.
 */
const LDNS_LACKS: readonly RegExp[] = [/ohttp/, /^CSYNC 0 0$/, /key1=/, /alpn=.*oo/];

/** What BIND 9.18 cannot read or will not: a newer key, and types that RFC 1035 itself calls obsolete. */
const BIND_LACKS: readonly RegExp[] = [/ohttp/, /^(MD|MF) /];

const lacks = (list: readonly RegExp[], sample: Sample): boolean =>
  list.some((pattern) => pattern.test(`${sample.type} ${sample.text}`));

t.test('octets as ldns-read-zone makes them', { skip: missing('ldns-read-zone') }, async (t) => {
  const file = write(
    'ldns',
    zoneOf((s) => (lacks(LDNS_LACKS, s) ? undefined : `${s.type} ${s.text}`)),
  );
  // All types but SOA in the form of RFC 3597.
  const octets = new Map<string, string>();
  for (const line of run('ldns-read-zone', ['-U', 'SOA', file]).split('\n')) {
    const [, owner, hex] =
      /^(s[0-9]+)\.example\.\t[0-9]+\tIN\t\S+\t\\# [0-9]+ ?([0-9a-f]*)$/.exec(line) ?? [];
    if (owner !== undefined) octets.set(owner, hex!.toUpperCase());
  }
  for (const [i, sample] of SAMPLES.entries())
    if (!lacks(LDNS_LACKS, sample))
      t.equal(octets.get(`s${i}`), toHex(rdata(sample.type, sample.text)), `${sample.type} ${sample.text}`);
});

t.test('octets as named-compilezone makes them', { skip: missing('named-compilezone') }, async (t) => {
  const octets = compileRaw(zoneOf((s) => (lacks(BIND_LACKS, s) ? undefined : `${s.type} ${s.text}`)));
  for (const [i, sample] of SAMPLES.entries())
    if (!lacks(BIND_LACKS, sample))
      t.equal(
        octets.get(`s${i}.example.`),
        toHex(rdata(sample.type, sample.text)),
        `${sample.type} ${sample.text}`,
      );
});

const QUIET = [
  '-q',
  '-i',
  'none',
  ...['-k', '-n', '-m', '-M', '-r', '-S', '-T'].flatMap((o) => [o, 'ignore']),
];

/** Rdata in hex by owner, out of BIND's raw format: a header of 8 octets or more, then RRsets (lib/dns/masterdump.c). */
function compileRaw(zone: string): Map<string, string> {
  const output = join(folder, 'raw');
  run('named-compilezone', [...QUIET, '-F', 'raw=0', '-o', output, 'example', write('bind', zone)]);
  const c = new Cursor(readFileSync(output));
  const octets = new Map<string, string>();
  // Format 2, version 0, time of the dump.
  c.skip(12);
  while (c.left > 0) {
    // Length of the set, class, type, covered type, TTL.
    c.skip(4 + 2 + 2 + 2 + 4);
    const count = c.u32();
    c.skip(2);
    const owner = nameToText(c.name(false));
    for (let i = 0; i < count; i++) octets.set(owner, toHex(c.bytes(c.u16())));
  }
  return octets;
}

/**
 * What BIND 9.18 prints otherwise, and reads as we print it: CERT's algorithm by name, a newer key as a number, and times
 * over 68 years ahead as past ones, in relation to today.
 */
const BIND_PRINTS_OTHERWISE: readonly RegExp[] = [/^CERT PKIX/, /dohpath/, /^RRSIG .* 2106/];

t.test('text as named-compilezone prints it', { skip: missing('named-compilezone') }, async (t) => {
  const printed = (s: Sample): string => rdataToText(code(s.type), rdata(s.type, s.text));
  const used = (s: Sample): boolean =>
    !lacks(BIND_LACKS, s) &&
    !BIND_PRINTS_OTHERWISE.some((pattern) => pattern.test(`${s.type} ${printed(s)}`));
  const zone = zoneOf((s) => (used(s) ? `${s.type} ${printed(s)}` : undefined));
  const texts = new Map<string, string>();
  for (const line of run('named-compilezone', [
    ...QUIET,
    '-s',
    'full',
    '-o',
    '-',
    'example',
    write('text', zone),
  ]).split('\n')) {
    const [, owner, text] = /^(s[0-9]+)\.example\.\s+[0-9]+ IN \S+\s+(.*)$/.exec(line) ?? [];
    if (owner !== undefined) texts.set(owner, text!);
  }
  // BIND cuts long base64 and hex in pieces; quoted strings have their blanks alike in both.
  const joined = (text: string | undefined): string | undefined => text?.replace(/ /g, '');
  for (const [i, sample] of SAMPLES.entries())
    if (used(sample))
      t.equal(joined(texts.get(`s${i}`)), joined(printed(sample)), `${sample.type} ${sample.text}`);
});
