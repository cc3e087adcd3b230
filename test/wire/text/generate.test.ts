// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${offset,width,base} is the notation under test
import t from 'tap';
import { nameFromText } from '../../../src/wire/name.ts';
import { GENERATE_STEPS_MAX } from '../../../src/wire/text/generate.ts';
import { rrToText } from '../../../src/wire/text/print.ts';
import { parseZone } from '../../../src/wire/text/zonefile.ts';

function parse(text: string): { records: string[]; errors: string[] } {
  const records: string[] = [];
  const errors = parseZone(text, {
    origin: nameFromText('example.'),
    file: 'z',
    defaultTtl: 300,
    onRecord: (rr) => records.push(rrToText(rr).replace(' 300 IN ', ' ')),
  });
  return { records, errors: errors.map((e) => `${e.line}:${e.column} ${e.message}`) };
}

// Every expectation here is what named-compilezone 9.18 makes of the same line.
t.test('one record for every number of the range', async (t) => {
  const table: [string, string[]][] = [
    ['1-3 h$ A 192.0.2.$', ['h1.example. A 192.0.2.1', 'h2.example. A 192.0.2.2', 'h3.example. A 192.0.2.3']],
    [
      '0-6/3 h$ A 192.0.2.$',
      ['h0.example. A 192.0.2.0', 'h3.example. A 192.0.2.3', 'h6.example. A 192.0.2.6'],
    ],
    ['1-1 $ 60 IN PTR h$', ['1.example. 60 IN PTR h1.example.']],
    ['1-1 $ IN 60 PTR h$', ['1.example. 60 IN PTR h1.example.']],
    ['1-1 $.$ CNAME x$y$.test.', ['1.1.example. CNAME x1y1.test.']],
    ['10-10 h${-3,4,d} CNAME x', ['h0007.example. CNAME x.example.']],
    ['10-10 h${0,4,o}-${0,4,x}-${5,0,X} CNAME x', ['h0012-000a-F.example. CNAME x.example.']],
    ['10-10 h${2} CNAME x', ['h12.example. CNAME x.example.']],
    ['10-10 h${2,5} CNAME x', ['h00012.example. CNAME x.example.']],
    ['17-17 a.${0,1,n} CNAME x', ['a.1.1.example. CNAME x.example.']],
    ['17-17 a.${0,2,n}y CNAME x', ['a.1.1y.example. CNAME x.example.']],
    ['17-17 a.${0,4,n}y CNAME x', ['a.1.1.y.example. CNAME x.example.']],
    ['27-27 a.${0,5,N}y CNAME x', ['a.B.1.0y.example. CNAME x.example.']],
    ['0-0 a.${0,0,n}y CNAME x', ['a.0y.example. CNAME x.example.']],
    ['5-5 \\$.$$.\\$$ CNAME x', ['\\$.\\$.\\$5.example. CNAME x.example.']],
    ['5-5 h$ MX "10 m$"', ['h5.example. MX 10 m5.example.']],
    ['5-5 h$ TXT "a \\"q $ b\\" c$ \\\\ x"', ['h5.example. TXT "a" "q 5 b" "c5" "\\\\" "x"']],
    ['5-5 h$ TXT "\\"a$$ \\\\$ \\$\\""', ['h5.example. TXT "a$ \\\\5 $"']],
  ];
  for (const [line, expected] of table)
    t.same(parse(`$GENERATE ${line}`), { records: expected, errors: [] }, line);
});

t.test('rdata of several words needs no quotes', async (t) => {
  t.same(parse('$GENERATE 5-5 h$ MX 10 m$ ; c'), { records: ['h5.example. MX 10 m5.example.'], errors: [] });
  t.same(parse('$generate 5-5 h$ TXT "a $" b$').records, ['h5.example. TXT "a 5" "b5"']);
});

t.test('the owner of the record before goes on, and so does its TTL', async (t) => {
  t.same(parse('a A 192.0.2.1\n$GENERATE 1-1 h$ A 192.0.2.2\n  A 192.0.2.3').records, [
    'a.example. A 192.0.2.1',
    'h1.example. A 192.0.2.2',
    'a.example. A 192.0.2.3',
  ]);
});

t.test('errors', async (t) => {
  const range = 'write start-stop or start-stop/step, as in 1-254';
  const table: [string, string][] = [
    ['', '1:1 $GENERATE: range start-stop is missing'],
    ['1-2', '1:1 $GENERATE: owner is missing'],
    ['1-2 h$', '1:17 type is missing'],
    ['1-2 h$ A', '1:18 for 1: '],
    ['x h$ A 192.0.2.$', `1:11 range "x"; ${range}`],
    ['1 h$ A 192.0.2.$', `1:11 range "1"; ${range}`],
    ['-1-2 h$ A 192.0.2.$', `1:11 range "-1-2"; ${range}`],
    ['2-1 h$ A 192.0.2.$', '1:11 range "2-1"; start may not be over stop'],
    ['1-2/0 h$ A 192.0.2.$', '1:11 range "1-2/0"; '],
    ['0-2147483648/2147483647 h$ A 192.0.2.1', '1:11 range '],
    [
      `1-${GENERATE_STEPS_MAX + 1} h$ A 192.0.2.1`,
      `1:11 range "1-65537" makes more than ${GENERATE_STEPS_MAX}`,
    ],
    ['1-2 h${1,2 A 192.0.2.1', '1:15 "${1,2"; write ${offset,width,base}'],
    ['1-2 h${1,2,z} A 192.0.2.1', '1:15 "${1,2,z}"; write ${offset,width,base}'],
    ['1-2 h${0,256,d} A 192.0.2.1', '1:15 "${0,256,d}"; write ${offset,width,base}: width at most 255'],
    ['1-2 h${-2} A 192.0.2.1', '1:15 for 1: offset -2 makes -1 of 1'],
    ['254-300 h$ A 192.0.2.$', '1:24 for 256: '],
    ['1-2 h$.test. A 192.0.2.$', '1:15 owner h1.test. is not in zone example.'],
    ['1-2 h$ CH A 192.0.2.$', '1:18 class CH; only IN is served'],
    ['1-2 h$ MX "10 ( m$"', '1:21 in the quoted text: "(" is not closed'],
  ];
  for (const [line, expected] of table) {
    const { errors } = parse(`$GENERATE ${line}`);
    t.ok(errors.length === 1 && errors[0]!.startsWith(expected), `${line}: ${errors.join(' | ')}`);
  }
});

t.test('the largest range is made', async (t) => {
  const { records, errors } = parse(`$GENERATE 0-${GENERATE_STEPS_MAX - 1} $ PTR h$`);
  t.same(errors, []);
  t.equal(records.length, GENERATE_STEPS_MAX);
});
