import t from 'tap';
import { nameFromText } from '../../../src/wire/name.ts';
import { rrToText } from '../../../src/wire/text/print.ts';
import {
  INCLUDE_DEPTH_MAX,
  INCLUDES_MAX,
  parseZone,
  ZONE_ERRORS_MAX,
  type ZoneOptions,
} from '../../../src/wire/text/zonefile.ts';

type Assertions = { same(a: unknown, b: unknown): boolean };

interface Parsed {
  /** `owner ttl IN type rdata` */
  records: string[];
  /** `file:line:column message` */
  errors: string[];
  /** `file:line` of each record */
  places: string[];
}

function parse(text: string | Uint8Array, options: Partial<ZoneOptions> = {}): Parsed {
  const records: string[] = [];
  const places: string[] = [];
  const errors = parseZone(text, {
    origin: nameFromText('example.'),
    file: 'z',
    onRecord: (rr, place) => {
      records.push(rrToText(rr));
      places.push(`${place.file}:${place.line}`);
    },
    ...options,
  });
  return { records, places, errors: errors.map((e) => `${e.file}:${e.line}:${e.column} ${e.message}`) };
}

/** The records of a text without errors; TTLs 300 and the class left out, to keep the tables short. */
function read(t: Assertions, text: string | Uint8Array, options?: Partial<ZoneOptions>): string[] {
  const { records, errors } = parse(text, { defaultTtl: 300, ...options });
  t.same(errors, []);
  return records.map((record) => record.replace(' 300 IN ', ' '));
}

t.test('owners', async (t) => {
  const table: [string, string, string[]][] = [
    ['relative', 'a.b A 192.0.2.1', ['a.b.example. A 192.0.2.1']],
    ['absolute', 'a.example. A 192.0.2.1', ['a.example. A 192.0.2.1']],
    ['origin', '@ A 192.0.2.1', ['example. A 192.0.2.1']],
    ['case kept', 'wWw.Example. A 192.0.2.1', ['wWw.Example. A 192.0.2.1']],
    ['wildcard', '* A 192.0.2.1\n*.a A 192.0.2.2', ['*.example. A 192.0.2.1', '*.a.example. A 192.0.2.2']],
    [
      'a name that looks like a TTL, class or type',
      '300 A 192.0.2.1\nIN A 192.0.2.2\nMX A 192.0.2.3',
      ['300.example. A 192.0.2.1', 'IN.example. A 192.0.2.2', 'MX.example. A 192.0.2.3'],
    ],
    [
      'inherited after a blank',
      'a A 192.0.2.1\n  A 192.0.2.2\n\tA 192.0.2.3',
      ['a.example. A 192.0.2.1', 'a.example. A 192.0.2.2', 'a.example. A 192.0.2.3'],
    ],
    [
      'inherited across comments, empty lines and directives',
      'a A 192.0.2.1\n\n; c\n   ; c\n$TTL 300\n  A 192.0.2.2',
      ['a.example. A 192.0.2.1', 'a.example. A 192.0.2.2'],
    ],
    [
      'escapes',
      'a\\.b A 192.0.2.1\n\\$x\\;\\(\\" A 192.0.2.1\n\\000\\255\\032 A 192.0.2.1\n\\@ A 192.0.2.1',
      [
        'a\\.b.example. A 192.0.2.1',
        '\\$x\\;\\(\\".example. A 192.0.2.1',
        '\\000\\255\\032.example. A 192.0.2.1',
        '\\@.example. A 192.0.2.1',
      ],
    ],
    ['an escaped dot does not end a name', 'a\\. A 192.0.2.1', ['a\\..example. A 192.0.2.1']],
    ['an escaped blank is part of the word', 'a\\ b A 192.0.2.1', ['a\\032b.example. A 192.0.2.1']],
  ];
  for (const [name, text, expected] of table)
    t.test(name, async (t) => {
      t.same(read(t, text), expected);
    });
});

t.test('TTL and class stand in either order, or not at all', async (t) => {
  const one = (text: string): string | undefined => parse(text, { defaultTtl: 7 }).records[0];
  t.equal(one('a 60 IN A 192.0.2.1'), 'a.example. 60 IN A 192.0.2.1');
  t.equal(one('a IN 60 A 192.0.2.1'), 'a.example. 60 IN A 192.0.2.1');
  t.equal(one('a 60 A 192.0.2.1'), 'a.example. 60 IN A 192.0.2.1');
  t.equal(one('a in A 192.0.2.1'), 'a.example. 7 IN A 192.0.2.1');
  t.equal(one('a CLASS1 0 TYPE1 \\# 4 c0000201'), 'a.example. 0 IN A 192.0.2.1');
  t.equal(one('a A 192.0.2.1'), 'a.example. 7 IN A 192.0.2.1');
});

t.test('TTLs', async (t) => {
  const ttls = (text: string, defaultTtl?: number): unknown[] => {
    const { records, errors } = parse(text, defaultTtl === undefined ? {} : { defaultTtl });
    return [...records.map((record) => Number(record.split(' ')[1])), ...errors];
  };
  t.same(
    ttls('a 1h30m A 192.0.2.1\na 1W2D A 192.0.2.1\na 2147483647 A 192.0.2.1'),
    [5400, 777600, 2147483647],
  );
  t.same(
    ttls('$TTL 1d\na A 192.0.2.1\na 5 A 192.0.2.1\na A 192.0.2.1'),
    [86400, 5, 86400],
    '$TTL before the last stated',
  );
  t.same(
    ttls('a 5 A 192.0.2.1\nb A 192.0.2.1\n$TTL 9\nc A 192.0.2.1'),
    [5, 5, 9],
    'the last stated before $TTL',
  );
  t.same(
    ttls('@ SOA ns h 1 2 3 4 77\na A 192.0.2.1'),
    [77, 77],
    'the minimum of the SOA where none is stated',
  );
  t.same(ttls('@ 10 SOA ns h 1 2 3 4 77\na A 192.0.2.1'), [10, 10]);
  t.same(ttls('a A 192.0.2.1', 11), [11], 'the default given by the caller');
  t.same(ttls('$TTL 4\na A 192.0.2.1', 11), [4]);
  t.same(ttls('a A 192.0.2.1\nb A 192.0.2.1'), [
    'z:1:3 no TTL; write one before the type, or a $TTL line above',
    'z:2:3 no TTL; write one before the type, or a $TTL line above',
  ]);
  const bad = (text: string): string =>
    `TTL "${text}"; write 0 to 2147483647 seconds, also with units as in 1h30m (w d h m s)`;
  for (const ttl of ['2147483648', '3551w', '1x', '1h30', '1.5'])
    t.same(ttls(`a ${ttl} A 192.0.2.1`), [`z:1:3 ${bad(ttl)}`]);
  t.same(ttls('$TTL h'), [`z:1:6 ${bad('h')}`]);
});

t.test('$ORIGIN', async (t) => {
  t.same(
    read(
      t,
      '$ORIGIN sub\na A 192.0.2.1\n@ A 192.0.2.2\n$ORIGIN b.example.\na NS c\n$origin .\na.example A 192.0.2.3',
    ),
    [
      'a.sub.example. A 192.0.2.1',
      'sub.example. A 192.0.2.2',
      'a.b.example. NS c.b.example.',
      'a.example. A 192.0.2.3',
    ],
  );
  t.same(parse('$ORIGIN other.\na 5 A 192.0.2.1\na.example. 5 A 192.0.2.1'), {
    records: ['a.example. 5 IN A 192.0.2.1'],
    places: ['z:3'],
    errors: ['z:2:1 owner a.other. is not in zone example.'],
  });
});

t.test('parentheses join lines, anywhere in a record', async (t) => {
  const soa = 'example. SOA ns.example. h.example. 1 2 3 4 5';
  t.same(read(t, '@ SOA ns h ( 1 ; serial\n  2 ; refresh )\n 3\n\n4 5 )'), [soa]);
  t.same(read(t, '@ ( SOA ns ) h(1 2\n3)4( 5 )'), [soa]);
  t.same(read(t, '( @\nSOA ) ns h 1 2 3 4 5\na ( ) A 192.0.2.1'), [soa, 'a.example. A 192.0.2.1']);
  const { places } = parse('\n\n@ 5 SOA ns h (\n1 2 3 4 5 )\n\na 5 A 192.0.2.1');
  t.same(places, ['z:3', 'z:6'], 'a record is where it begins');
});

t.test('quotes', async (t) => {
  t.same(read(t, 'a TXT "" "a b" ";(" "say \\"x\\"" c "d"'), [
    'a.example. TXT "" "a b" ";(" "say \\"x\\"" "c" "d"',
  ]);
  t.same(read(t, 'a TXT "a""b"'), ['a.example. TXT "a" "b"']);
  t.same(
    read(t, Uint8Array.from(Buffer.from('a TXT "\xff\x00\xe9" "\\233"', 'latin1'))),
    ['a.example. TXT "\\255\\000\\233" "\\233"'],
    'octets as they are',
  );
  t.same(read(t, 'a TXT "é"'), ['a.example. TXT "\\195\\169"'], 'a string counts as UTF-8');
  const https = 'a.example. HTTPS 1 . alpn="h2,h3" port=443';
  t.same(read(t, 'a HTTPS 1 . alpn="h2,h3" port="443"'), [https], 'inside a word, after =');
});

t.test('ends of lines and of the text', async (t) => {
  t.same(read(t, 'a A 192.0.2.1\r\n  A 192.0.2.2\r\n'), ['a.example. A 192.0.2.1', 'a.example. A 192.0.2.2']);
  t.same(read(t, 'a TXT "x"\r\na TXT y\r'), ['a.example. TXT "x"', 'a.example. TXT "y"']);
  t.same(read(t, 'a A 192.0.2.1;comment'), ['a.example. A 192.0.2.1']);
  t.same(read(t, 'a A 192.0.2.1 ; é \x00 "(\n'), ['a.example. A 192.0.2.1'], 'a comment may hold anything');
  t.same(read(t, ''), []);
  t.same(read(t, '\n ; x\n\t\n'), []);
});

t.test('types without a name: RFC 3597', async (t) => {
  t.same(read(t, 'a TYPE65280 \\# 3 01 02 03\nb type1 192.0.2.1\nc A \\# 4 c0000201\nd TYPE65400 \\# 0'), [
    'a.example. TYPE65280 \\# 3 010203',
    'b.example. A 192.0.2.1',
    'c.example. A 192.0.2.1',
    'd.example. TYPE65400 \\# 0',
  ]);
});

t.test('$INCLUDE', async (t) => {
  const files: Record<string, string> = {
    'a.inc': 'x A 192.0.2.1\n$ORIGIN deep\n$TTL 99\ny A 192.0.2.2\n',
    'b c.inc': ' A 192.0.2.9\n',
    'bad.inc': '\nx 5 A 1.2.3\n',
    'loop.inc': 'l A 192.0.2.1\n$INCLUDE loop.inc\n',
    'twice.inc': '$INCLUDE twice.inc\n$INCLUDE twice.inc\n',
  };
  const asked: string[] = [];
  const include: ZoneOptions['include'] = (path, from) => {
    asked.push(`${from} ${path}`);
    const text = files[path];
    return text === undefined ? 'no such file' : { text, file: path };
  };

  t.test('origin and owner are as before when the file ends, $TTL is not', async (t) => {
    const text =
      '$TTL 5\nw A 192.0.2.0\n$INCLUDE a.inc\n  A 192.0.2.3\n$include "a.inc" sub ; c\nz A 192.0.2.4';
    t.same(parse(text, { include }), {
      records: [
        'w.example. 5 IN A 192.0.2.0',
        'x.example. 5 IN A 192.0.2.1',
        'y.deep.example. 99 IN A 192.0.2.2',
        'w.example. 99 IN A 192.0.2.3',
        'x.sub.example. 99 IN A 192.0.2.1',
        'y.deep.sub.example. 99 IN A 192.0.2.2',
        'z.example. 99 IN A 192.0.2.4',
      ],
      places: ['z:2', 'a.inc:1', 'a.inc:4', 'z:4', 'a.inc:1', 'a.inc:4', 'z:6'],
      errors: [],
    });
    t.same(asked, ['z a.inc', 'z a.inc']);
  });
  t.test('paths are quoted or escaped; the owner before goes on', async (t) => {
    const records = read(t, 'w A 192.0.2.8\n$INCLUDE "b c.inc"\n$INCLUDE b\\ c.inc\n$INCLUDE b\\032c.inc', {
      include,
    });
    t.same(records.slice(1), Array(3).fill('w.example. A 192.0.2.9'));
  });
  t.test('errors name the file', async (t) => {
    t.match(parse('$INCLUDE bad.inc\nx 5 A 1.2', { include }).errors, [/^bad\.inc:2:7 /, /^z:2:7 /]);
    t.same(parse('$INCLUDE none.inc\n$INCLUDE\n$INCLUDE a.inc sub x', { include }).errors, [
      'z:1:10 cannot include "none.inc": no such file',
      'z:2:1 $INCLUDE: file is missing',
      'z:3:20 "x" after the end of $INCLUDE',
    ]);
    t.same(parse('$INCLUDE a.inc').errors, ['z:1:10 cannot include "a.inc": $INCLUDE is not allowed here']);
  });
  t.test('depth and number are bounded', async (t) => {
    const loop = parse('$TTL 5\n$INCLUDE loop.inc\nm A 192.0.2.2', { include });
    t.equal(loop.records.length, INCLUDE_DEPTH_MAX + 1);
    t.same(loop.errors, [`loop.inc:2:10 $INCLUDE more than ${INCLUDE_DEPTH_MAX} files deep`]);
    const twice = parse('$INCLUDE twice.inc\n'.repeat(10), { include });
    t.match(twice.errors.at(-1), /too many errors|more than \d+ included files/);
    t.ok(twice.errors.length <= ZONE_ERRORS_MAX + 1);
    const many = parse('$INCLUDE b\\ c.inc\n'.repeat(INCLUDES_MAX + 5), {
      include: () => ({ text: '', file: 'e' }),
    });
    t.same(many.errors, [`z:${INCLUDES_MAX + 1}:10 zone of more than ${INCLUDES_MAX} included files`]);
  });
});

t.test('class, type and owner of a record must be those of a zone', async (t) => {
  const table: [string, string][] = [
    ['a 5 CH A 192.0.2.1', 'z:1:5 class CH; only IN is served'],
    ['a CLASS3 5 A 192.0.2.1', 'z:1:3 class CLASS3; only IN is served'],
    ['a 5 IN OPT \\# 0', 'z:1:8 type OPT is no zone data'],
    ['a 5 IN TSIG \\# 0', 'z:1:8 type TSIG is no zone data'],
    ['a 5 IN TKEY \\# 0', 'z:1:8 type TKEY is no zone data'],
    ['a 5 IN TYPE255 \\# 0', 'z:1:8 type ANY is no zone data'],
    ['a 5 IN AXFR \\# 0', 'z:1:8 type AXFR is no zone data'],
    ['a 5 IN ANY \\# 0', 'z:1:8 type ANY is no zone data'],
    ['a 5 IN TYPE0 \\# 0', 'z:1:8 type TYPE0 is no zone data'],
    [
      'a 5 IN TYPE65536 \\# 0',
      'z:1:8 unknown type "TYPE65536"; types without a name are written as TYPE and their number',
    ],
    ['a 5 IN FOO x', 'z:1:8 unknown type "FOO"; types without a name are written as TYPE and their number'],
    ['a 5 6 A 192.0.2.1', 'z:1:5 type expected, "6" found; a record is [owner] [TTL] [class] type rdata'],
    [
      'a 5 IN 192.0.2.1',
      'z:1:8 type expected, "192.0.2.1" found; a record is [owner] [TTL] [class] type rdata',
    ],
    [
      'a 5 IN IN A 192.0.2.1',
      'z:1:8 type expected, "IN" found; a record is [owner] [TTL] [class] type rdata',
    ],
    ['a 5 IN', 'z:1:7 type is missing'],
    ['a', 'z:1:2 type is missing'],
    // Octets that cannot be printed are one column each.
    ['a="\x7f\x01"', 'z:1:7 type is missing'],
    ['a RP b="\x7f"', 'z:1:11 text name is missing'],
    [
      'a="\x7f\\256" A 192.0.2.1',
      'z:1:8 name "a="\\127\\256"": \\256 is not an octet; write three decimal digits, \\000 to \\255',
    ],
    [
      'a 5 "A" 192.0.2.1',
      'z:1:5 unknown type "A"; types without a name are written as TYPE and their number',
    ],
    ['a.test. 5 A 192.0.2.1', 'z:1:1 owner a.test. is not in zone example.'],
    ['xexample. 5 A 192.0.2.1', 'z:1:1 owner xexample. is not in zone example.'],
    ['. 5 A 192.0.2.1', 'z:1:1 owner . is not in zone example.'],
    ['"a" 5 A 192.0.2.1', 'z:1:1 owner in quotes; names are written without'],
    [
      ' 5 A 192.0.2.1',
      'z:1:2 no owner before this record; begin the line with a name, or with @ for the origin',
    ],
    [' $TTL 5', 'z:1:2 no owner before this record; begin the line with a name, or with @ for the origin'],
    ['a 5 A 192.0.2.1\n $TTL 5', 'z:2:2 unknown type "$TTL"; a directive begins in the first column'],
    [
      '$FOO 5',
      'z:1:1 unknown directive; $ORIGIN, $TTL, $INCLUDE and $GENERATE are known, an owner begins with \\$',
    ],
    ['$TTL', 'z:1:1 $TTL: TTL is missing'],
    ['$TTL 5 6', 'z:1:8 "6" after the end of $TTL'],
    ['$ORIGIN a..b', 'z:1:11 name "a..b": empty label'],
    ['a..b 5 A 192.0.2.1', 'z:1:3 name "a..b": empty label'],
    [`${'a'.repeat(64)} 5 A 192.0.2.1`, 'z:1:65 name "'],
  ];
  for (const [text, expected] of table) {
    const { errors } = parse(text);
    t.ok(errors.length === 1 && errors[0]!.startsWith(expected), `${text}: ${errors.join(' | ')}`);
  }
});

t.test('faults in the words', async (t) => {
  const table: [string, string[]][] = [
    ['a 5 TXT "abc\nb 5 A 192.0.2.1', ['z:1:9 quoted string is not closed on its line']],
    ['a 5 TXT "abc', ['z:1:9 quoted string is not closed on its line']],
    ['a 5 TXT "', ['z:1:9 quoted string is not closed on its line']],
    [
      'a 5 TXT ab"c"',
      [
        'z:1:11 quote inside a word; put a blank before it, or write \\"',
        'z:1:13 quote inside a word; put a blank before it, or write \\"',
      ],
    ],
    ['a 5 A 192.0.2.1 )', ['z:1:17 ")" without a "(" before it']],
    ['a 5 A ( ( 192.0.2.1 ) )', ['z:1:9 "(" inside parentheses; they do not nest']],
    ['a 5 A é', ['z:1:7 octet 195 outside a quoted string; write it as \\195']],
    ['a\x01b 5 A 192.0.2.1', ['z:1:2 octet 1 outside a quoted string; write it as \\001']],
    ['a 5 TXT b\rc', ['z:1:10 octet 13 outside a quoted string; write it as \\013']],
    ['a 5 TXT b\\\nb 5 A 192.0.2.1', ['z:1:10 backslash at the end of a line; write \\\\ for a backslash']],
    ['a 5 TXT b\\', ['z:1:10 backslash at the end of a line; write \\\\ for a backslash']],
    ['a 5 TXT "\\é"', ['z:1:10 backslash before octet 195; write \\195']],
    ['\ufeffa 5 A 192.0.2.1', ['z:1:1 byte order mark; save the file without it']],
  ];
  for (const [text, expected] of table) t.same(parse(text).errors, expected, JSON.stringify(text));
});

t.test('an unclosed parenthesis is told where it opens, and what follows is read', async (t) => {
  const zone =
    'a 5 MX ( 10\nb 5 A 192.0.2.1\nc 5 A 192.0.2.2\nd 5 MX ( 10 e )\nf 5 A ( 192.0.2.3\ng 5 A 192.0.2\nh 5 A 192.0.2.4\n';
  const { records, errors } = parse(zone);
  t.same(records, ['d.example. 5 IN MX 10 e.example.', 'h.example. 5 IN A 192.0.2.4']);
  t.match(errors, [
    'z:1:8 "(" is not closed before the next "(" in line 4',
    'z:5:7 "(" is not closed by a ")"',
    /^z:6:7 /,
  ]);
});

t.test('all errors of a file at once, and every good record', async (t) => {
  const zone = [
    '$TTL 1y',
    '@ 5 SOA ns h 1 2 3 4',
    'a 5 A 192.0.2.256',
    ' 5 AAAA 2001:db8::1::2',
    'good 5 A 192.0.2.1',
    ' 5 MX ten mail',
    ' 5 MX 10',
    ' 5 A 192.0.2.2 192.0.2.3',
    'other.test. 5 A 192.0.2.1',
    ' 5 A 192.0.2.9',
    ' 5 A nonsense',
    'b..c 5 A 192.0.2.1',
    ' 5 TXT "open',
    'last 5 A 192.0.2.4',
  ].join('\n');
  const { records, errors } = parse(zone);
  t.same(records, ['good.example. 5 IN A 192.0.2.1', 'last.example. 5 IN A 192.0.2.4']);
  const places = errors.map((error) => error.split(' ')[0]);
  t.same(places, [
    'z:1:6',
    'z:2:21',
    'z:3:7',
    'z:4:9',
    'z:6:7',
    'z:7:9',
    'z:8:16',
    'z:9:1',
    'z:11:6',
    'z:12:3',
    'z:13:8',
  ]);
});

t.test('errors are bounded', async (t) => {
  const { errors } = parse('x\n'.repeat(ZONE_ERRORS_MAX + 10));
  t.equal(errors.length, ZONE_ERRORS_MAX + 1);
  t.equal(errors.at(-1), `z:${ZONE_ERRORS_MAX + 1}:2 too many errors`);
});

t.test('messages stay short, however long the word', async (t) => {
  const word = 'a'.repeat(100_000);
  for (const text of [
    `${word} 5 A 192.0.2.1`,
    `a 5 ${word}`,
    `a 5 A ${word}`,
    `a 5 A 192.0.2.1 ${word}`,
    `$TTL ${word}`,
  ]) {
    const { errors } = parse(text);
    t.ok(errors.length === 1 && errors[0]!.length < 500, `${errors[0]?.length}`);
  }
});

t.test('the root zone', async (t) => {
  const records = read(t, '. NS a.root\na.root A 192.0.2.1', { origin: nameFromText('.') });
  t.same(records, ['. NS a.root.', 'a.root. A 192.0.2.1']);
});
