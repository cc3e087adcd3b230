/** Client subnet options (RFC 7871): who may send them, what goes back, and what is malformed. */
import t from 'tap';
import { encode } from '../../src/server/respond.ts';
import { type SubnetOption, subnetOption, subnetReply } from '../../src/server/subnet.ts';
import { OPTION, RCODE } from '../../src/wire/constants.ts';
import { findOption } from '../../src/wire/edns.ts';
import { readMessage } from '../../src/wire/message.ts';
import { emptyAnswer } from '../../src/wire/record.ts';
import { Writer } from '../../src/wire/writer.ts';
import { ask, clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf, withAuthority } from '../support/world.ts';

const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const ednsOf = (hex: string) => ({ ...EDNS, options: [{ code: OPTION.ECS, data: octets(hex) }] });
const asked = (hex: string, name = 'www.example.') => query(name, 'A', { edns: ednsOf(hex) });

const VIEWS = {
  v: { cidrs: ['10.0.0.0/8'], zones: { 'example.': 'www A 192.0.2.80' } },
  w: { cidrs: ['10.9.0.0/16'], zones: { 'example.': 'www A 192.0.2.99' } },
};
const OPEN = withAuthority(snapshotOf(VIEWS), 'v', ['192.0.2.0/24']);
const ALLOWED = clientAt('192.0.2.7');

const echoOf = async (hex: string, client = ALLOWED, name?: string): Promise<string | undefined> => {
  const reply = await ask(pipelineOf(OPEN).pipeline, client, asked(hex, name));
  const data = findOption(reply!.edns, OPTION.ECS);
  return data && Buffer.from(data).toString('hex');
};

t.test('who may send it gets it back, with scope 0 where the answer is the same for all', async (t) => {
  for (const hex of [
    '0001 18 00 cb0071',
    '0002 38 00 20010db8000100',
    '0001 0f 00 cb00',
    '0001 00 00',
    '0000 00 00',
  ])
    t.equal(await echoOf(hex), hex.replaceAll(' ', ''), hex);
  t.equal(await echoOf('0001 18 00 cb0071', ALLOWED, 'far.test.'), '00011800cb0071', 'also with REFUSED');
});

t.test('to others it is as unknown: not heeded and not echoed (section 7.2.1)', async (t) => {
  t.equal(await echoOf('0001 18 00 cb0071', clientAt('198.51.100.7')), undefined);
  const resolver = pipelineOf(snapshotOf(VIEWS)).pipeline;
  const reply = await ask(resolver, clientAt('10.1.2.3'), asked('0001 18 00 0a0900'));
  t.equal(findOption(reply!.edns, OPTION.ECS), undefined);
  t.same([...reply!.answer[0]!.rdata], [192, 0, 2, 80], 'the view is that of the address');
});

t.test('what is malformed is FORMERR, whoever sent it (sections 6 and 7.2.1)', async (t) => {
  const bad = {
    'no family': '00',
    'no lengths': '0001',
    'unknown family': '0003 08 00 0a',
    'IPv4 prefix of 33 bits': '0001 21 00 cb00710000',
    'IPv6 prefix of 129 bits': `0002 81 00 ${'20'.repeat(17)}`,
    'too few octets': '0001 18 00 cb00',
    'too many octets': '0001 18 00 cb007100',
    'bits behind the prefix': '0001 17 00 cb0071',
    'octets without a family': '0000 08 00 0a',
    'a scope in a query': '0001 18 18 cb0071',
  };
  for (const [what, hex] of Object.entries(bad))
    for (const client of [ALLOWED, clientAt('198.51.100.7')]) {
      const reply = await ask(pipelineOf(OPEN).pipeline, client, asked(hex));
      t.equal(reply!.rcode, RCODE.FORMERR, what);
      t.equal(findOption(reply!.edns, OPTION.ECS), undefined, what);
    }
});

t.test('the scope of the reply is what was used, within the family', async (t) => {
  const option = (hex: string): SubnetOption => subnetOption(ednsOf(hex))!;
  const scope = (hex: string, bits: number): number => subnetReply(option(hex), bits).data[3]!;
  t.equal(scope('0001 18 00 cb0071', 16), 16);
  t.equal(scope('0001 18 00 cb0071', 32), 32, 'it may be longer than what was sent');
  t.equal(scope('0001 18 00 cb0071', 128), 32);
  t.equal(scope('0001 00 00', 16), 0, 'nothing was told');
  t.equal(option('0001 00 00').subnet, undefined);
  t.match(option('0002 21 00 20010db880').subnet, {
    sourceBits: 33,
    address: octets(`20010db880${'00'.repeat(11)}`),
  });
  t.equal(subnetOption(EDNS), undefined);
});

t.test('the scope goes into the reply', async (t) => {
  const message = readMessage(asked('0001 18 00 cb0071'));
  const framing = {
    transport: 'udp',
    serves: 'authority',
    cookie: undefined,
    nsid: undefined,
    rotation: 0,
  } as const;
  const writer = new Writer();
  const length = encode(writer, message, emptyAnswer(RCODE.NOERROR), {
    ...framing,
    subnet: subnetOption(message.edns),
    scopeBits: 20,
    idleMs: () => 0,
    signatures: false,
  });
  const { edns } = readMessage(writer.out.subarray(0, length));
  t.equal(Buffer.from(findOption(edns, OPTION.ECS)!).toString('hex'), '00011814cb0071');
});
