/**
 * The zone-file reader against two that nobody here wrote. What parseZone made of a file is printed and given to
 * the same program as the file itself: where both come out alike, reading and printing lost nothing.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { nameFromText } from '../../../src/wire/name.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { rrToText } from '../../../src/wire/text/print.ts';
import { parseZone, type ZoneError } from '../../../src/wire/text/zonefile.ts';
import { missing } from '../../support/servers.ts';
import { findTool } from '../../support/tools.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');

function parse(file: string): { text: string; errors: ZoneError[]; count: number } {
  const lines: string[] = [];
  const errors = parseZone(readFileSync(join(FIXTURES, file)), {
    origin: nameFromText('example.'),
    file,
    include: (path) => ({ text: readFileSync(join(FIXTURES, path)), file: path }),
    onRecord: (rr: Rr) => lines.push(rrToText(rr)),
  });
  return { text: lines.map((line) => `${line}\n`).join(''), errors, count: lines.length };
}

/** A canonical listing: one record a line, comments and runs of blanks out, sorted. */
function listing(output: string): string[] {
  const lines = output.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  return lines.map((line) => line.replace(/[ \t]+/g, ' ').trim()).sort();
}

/** What named-compilezone makes of a zone, all checks beyond syntax off. `$INCLUDE` is relative to the fixtures. */
function bind(text: string | Buffer): string[] {
  const off = ['-i', 'none'].concat(...['-k', '-n', '-m', '-M', '-r', '-S', '-T'].map((o) => [o, 'ignore']));
  return run('named-compilezone', [...off, '-w', FIXTURES, '-D', '-s', 'full', '-o', '-', 'example'], text);
}

function ldns(text: string | Buffer, ...options: string[]): string[] {
  return run('ldns-read-zone', options, text);
}

function run(program: string, args: string[], text: string | Buffer): string[] {
  const file = join(folder, 'zone');
  writeFileSync(file, text, 'latin1');
  const output = execFileSync(findTool(program)!, [...args, file], { encoding: 'latin1', stdio: 'pipe' });
  return listing(output);
}

const folder = mkdtempSync(join(tmpdir(), 'causeway-zone-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const skipBind = missing('named-compilezone');
const skipLdns = missing('ldns-read-zone');

for (const file of ['common.zone', 'bind.zone'])
  t.test(`${file} as named-compilezone reads it`, { skip: skipBind }, async (t) => {
    const { text, errors, count } = parse(file);
    t.same(errors, []);
    const expected = bind(readFileSync(join(FIXTURES, file)));
    t.equal(count, expected.length);
    t.same(bind(text), expected);
  });

t.test('common.zone as ldns-read-zone reads it', { skip: skipLdns }, async (t) => {
  const original = readFileSync(join(FIXTURES, 'common.zone'));
  const { text, count } = parse('common.zone');
  for (const options of [[], ['-c', '-z']]) {
    const expected = ldns(original, ...options);
    t.equal(count, expected.length);
    t.same(ldns(text, ...options), expected);
  }
});

t.test('the generic form of every record is the same record', { skip: skipBind }, async (t) => {
  const generic: string[] = [];
  parseZone(readFileSync(join(FIXTURES, 'common.zone')), {
    origin: nameFromText('example.'),
    file: 'common.zone',
    onRecord: (rr) => {
      const [name, ttl] = rrToText(rr).split(' ');
      const octets = Buffer.from(rr.rdata);
      generic.push(
        `${name} ${ttl} CLASS1 TYPE${rr.type} \\# ${octets.length} ${octets.toString('hex')}`.trim(),
      );
    },
  });
  t.same(bind(`${generic.join('\n')}\n`), bind(readFileSync(join(FIXTURES, 'common.zone'))));
});
