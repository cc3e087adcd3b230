import t from 'tap';
import { CLASS, FLAG, OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import type { EdnsOption } from '../../src/wire/edns.ts';
import { nameToText } from '../../src/wire/name.ts';
import { ask, clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf } from '../support/world.ts';

/** Queries that are malformed or ask for what is not served (RFC 8906, RFC 9619): each gets its error. */

const CLIENT = clientAt('10.1.2.3');
const { pipeline } = pipelineOf(
  snapshotOf({ v: { cidrs: ['10.0.0.0/8'], zones: { 'example.': 'www A 10.0.0.1' } } }),
);

const PLAIN = query('www.example.', 'A');
const GOOD = query('www.example.', 'A', { edns: EDNS });
const QTYPE_AT = 12 + 'www.example.'.length + 1;
const OPT_AT = QTYPE_AT + 4;
const OPT = GOOD.slice(OPT_AT);
const ADDRESS = Uint8Array.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]);

function changed(bytes: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy);
  return copy;
}

const joined = (...parts: (Uint8Array | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const withOption = (option: EdnsOption): Uint8Array =>
  query('www.example.', 'A', { edns: { ...EDNS, options: [option] } });

/** What comes back beside the rcode: the question, an OPT record. */
type Frame = 'question and OPT' | 'question' | 'OPT' | 'header';

const CASES: [string, Uint8Array, number, Frame][] = [
  ['opcode NOTIFY', changed(GOOD, (b) => (b[2] = 0x20)), RCODE.NOTIMP, 'question and OPT'],
  ['opcode UPDATE', changed(GOOD, (b) => (b[2] = 0x28)), RCODE.NOTIMP, 'question and OPT'],
  ['opcode 15', changed(GOOD, (b) => (b[2] = 0x78)), RCODE.NOTIMP, 'question and OPT'],
  ['opcode 15 without EDNS', changed(PLAIN, (b) => (b[2] = 0x78)), RCODE.NOTIMP, 'question'],
  ['opcode 15, a header', Uint8Array.from([0, 1, 0x79, 0, 0, 0, 0, 0, 0, 0, 0, 0]), RCODE.NOTIMP, 'header'],
  [
    'opcode 15, then what is no message',
    changed(GOOD.slice(0, 20), (b) => (b[2] = 0x78)),
    RCODE.NOTIMP,
    'header',
  ],
  ['two questions', changed(joined(PLAIN, PLAIN.slice(12)), (b) => (b[5] = 2)), RCODE.FORMERR, 'question'],
  ['no question', Uint8Array.from([0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]), RCODE.FORMERR, 'header'],
  ['no question, but OPT', joined([0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], OPT), RCODE.FORMERR, 'OPT'],
  ['class CH', changed(GOOD, (b) => (b[QTYPE_AT + 3] = CLASS.CH)), RCODE.REFUSED, 'question and OPT'],
  ['class ANY', changed(GOOD, (b) => (b[QTYPE_AT + 3] = CLASS.ANY)), RCODE.REFUSED, 'question and OPT'],
  ['class 0', changed(GOOD, (b) => (b[QTYPE_AT + 3] = 0)), RCODE.REFUSED, 'question and OPT'],
  ['AXFR', changed(GOOD, (b) => (b[QTYPE_AT + 1] = TYPE.AXFR)), RCODE.REFUSED, 'question and OPT'],
  ['type OPT', changed(GOOD, (b) => (b[QTYPE_AT + 1] = TYPE.OPT)), RCODE.FORMERR, 'question and OPT'],
  ['EDNS version 1', changed(GOOD, (b) => (b[OPT_AT + 6] = 1)), RCODE.BADVERS, 'question and OPT'],
  ['octets after the end', joined(GOOD, [0]), RCODE.FORMERR, 'question and OPT'],
  ['cut in the OPT record', GOOD.subarray(0, GOOD.length - 3), RCODE.FORMERR, 'question'],
  ['cut in the question', GOOD.subarray(0, 20), RCODE.FORMERR, 'header'],
  ['a header that promises more', GOOD.subarray(0, 12), RCODE.FORMERR, 'header'],
  ['TC set', changed(GOOD, (b) => (b[2] = 0x03)), RCODE.FORMERR, 'question and OPT'],
  ['an answer', changed(joined(PLAIN, ADDRESS), (b) => (b[7] = 1)), RCODE.FORMERR, 'question'],
  ['two OPT records', changed(joined(GOOD, OPT), (b) => (b[11] = 2)), RCODE.FORMERR, 'question and OPT'],
  ['OPT in the answer section', changed(joined(PLAIN, OPT), (b) => (b[7] = 1)), RCODE.FORMERR, 'question'],
  [
    'an option that runs past OPT',
    changed(joined(GOOD, [0, 10, 0, 9]), (b) => (b[OPT_AT + 10] = 4)),
    RCODE.FORMERR,
    'question and OPT',
  ],
  [
    'OPT that runs past the end',
    changed(GOOD, (b) => (b[OPT_AT + 10] = 4)),
    RCODE.FORMERR,
    'question and OPT',
  ],
  [
    'a name that is a pointer into the header',
    Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 4, 0, 1, 0, 1]),
    RCODE.FORMERR,
    'header',
  ],
  ...[5, 12, 41].map((length): [string, Uint8Array, number, Frame] => [
    `a cookie of ${length} octets`,
    withOption({ code: OPTION.COOKIE, data: new Uint8Array(length) }),
    RCODE.FORMERR,
    'question and OPT',
  ]),
  [
    'a client subnet of a wrong length',
    withOption({ code: OPTION.ECS, data: Uint8Array.of(0, 1, 24, 0, 192) }),
    RCODE.FORMERR,
    'question and OPT',
  ],
];

t.test(
  'each gets its error, its question back, and OPT if it sent one (RFC 6891 section 6.1.1)',
  async (t) => {
    for (const [what, bytes, rcode, frame] of CASES) {
      const reply = await ask(pipeline, CLIENT, bytes);
      t.equal(reply?.rcode, rcode, what);
      t.equal(reply?.id, (bytes[0]! << 8) | bytes[1]!, `${what}: the ID`);
      t.equal(reply?.opcode, (bytes[2]! >> 3) & 15, `${what}: the opcode`);
      const has = [reply?.question && 'question', reply?.edns && 'OPT'].filter(Boolean);
      t.equal(has.join(' and ') || 'header', frame, `${what}: what comes back`);
      if (reply?.question !== undefined) t.equal(nameToText(reply.question.name), 'www.example.', what);
      t.equal(reply?.edns?.version ?? 0, 0, what);
      const options = reply?.edns?.options.filter(({ code }) => code !== OPTION.EDE);
      t.same(options ?? [], [], `${what}: no cookie is made for a malformed one`);
    }
  },
);

t.test('what is odd but harmless is answered', async (t) => {
  const cases: [string, Uint8Array][] = [
    ['Z, AD and CD set', changed(GOOD, (b) => (b[3] = 0x70))],
    ['AA and RA set, and an rcode', changed(GOOD, (b) => b.set([0x05, 0x8f], 2))],
    ['unknown EDNS flags, an extended rcode', changed(GOOD, (b) => b.set([1, 0, 0x7f, 0xff], OPT_AT + 5))],
    ['a payload of 0', changed(GOOD, (b) => b.set([0, 0], OPT_AT + 3))],
    ['an additional record', changed(joined(PLAIN, ADDRESS), (b) => (b[11] = 1))],
    ['an unknown option', withOption({ code: 65_001, data: new Uint8Array(3) })],
    // dig +subnet=0
    ['a client subnet that says nothing', withOption({ code: OPTION.ECS, data: new Uint8Array(4) })],
  ];
  for (const [what, bytes] of cases) {
    const reply = await ask(pipeline, CLIENT, bytes);
    t.equal(reply?.rcode, RCODE.NOERROR, what);
    t.equal(reply?.answer.length, 1, what);
    t.notOk(reply!.flags & (FLAG.AD | FLAG.TC | 0x40), what);
  }
});

t.test('what is never answered', async (t) => {
  t.equal(
    await ask(
      pipeline,
      CLIENT,
      changed(GOOD, (b) => (b[2] = 0x81)),
    ),
    undefined,
    'a response',
  );
  t.equal(await ask(pipeline, CLIENT, GOOD.subarray(0, 11)), undefined, 'less than a header');
  const nowhere = { ...CLIENT, endpoint: 7 };
  t.equal(await ask(pipeline, nowhere, GOOD), undefined, 'what came in where no endpoint is any more');
});
