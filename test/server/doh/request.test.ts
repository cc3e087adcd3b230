/** Requests of DNS over HTTPS as text: whatever comes is a query, content to come, or a status. */
import fc from 'fast-check';
import t from 'tap';
import { QUERY_OCTETS_MAX } from '../../../src/server/connection.ts';
import { jsonOf } from '../../../src/server/doh/json.ts';
import { judge, REASONS } from '../../../src/server/doh/request.ts';
import { FLAG } from '../../../src/wire/constants.ts';
import { readMessage } from '../../../src/wire/message.ts';
import { nameToText } from '../../../src/wire/name.ts';

const get = (path: string, json = false) =>
  judge({ method: 'GET', path, contentType: undefined, contentLength: undefined }, json);

t.test('whatever is asked for, a judgement', async () => {
  const path = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `/dns-query${text}`),
    fc.string().map((text) => `/dns-query?dns=${text}`),
    fc.base64String().map((text) => `/dns-query?dns=${text}`),
    fc.string().map((text) => `/dns-query?name=${text}&type=${text}`),
  );
  const text = fc.option(fc.string(), { nil: undefined });
  const method = fc.constantFrom('GET', 'POST', 'HEAD', 'get', '');
  fc.assert(
    fc.property(method, path, text, text, fc.boolean(), (method, path, contentType, contentLength, json) => {
      const judged = judge({ method, path, contentType, contentLength }, json);
      switch (judged.kind) {
        case 'query':
          return judged.query.length <= QUERY_OCTETS_MAX;
        case 'content':
          return method === 'POST';
        case 'refusal':
          return judged.status in REASONS;
      }
    }),
    { numRuns: 1_000 },
  );
});

t.test('each message comes back from base64url', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => {
      const judged = get(`/dns-query?dns=${Buffer.from(octets).toString('base64url')}`);
      return judged.kind === 'query' && Buffer.compare(judged.query, octets) === 0;
    }),
  );
});

t.test('the JSON form', async (t) => {
  const of = (parameters: string) => {
    const judged = get(`/dns-query?${parameters}`, true);
    if (judged.kind !== 'query') return judged;
    t.equal(judged.form, 'json');
    const { question, flags, edns } = readMessage(judged.query);
    const cd = (flags & FLAG.CD) !== 0;
    return { name: nameToText(question!.name), type: question!.type, cd, do: edns?.dnssecOk ?? false };
  };
  t.same(of('name=www.example'), { name: 'www.example.', type: 1, cd: false, do: false });
  t.same(of('name=www.example.&type=aaaa&cd=1'), { name: 'www.example.', type: 28, cd: true, do: false });
  t.same(of('type=65&name=a%5c046b.example&do=true'), {
    name: 'a\\.b.example.',
    type: 65,
    cd: false,
    do: true,
  });
  const why = /^no query: GET \/dns-query\?name=NAME&type=TYPE/;
  for (const parameters of [
    'name=',
    'type=A',
    'name=a..b',
    'name=b%C3%BCcher.example',
    'name=a&type=NOPE',
    'name=a&type=65536',
    `name=${'a'.repeat(64)}`,
  ])
    t.match(of(parameters), { kind: 'refusal', status: 400, why }, parameters);
  for (const parameters of ['class=IN', 'class=in', 'qclass=1', 'class=CLASS1&qclass=IN'])
    t.match(of(`name=www.example&${parameters}`), { name: 'www.example.', type: 1 }, parameters);
  for (const parameters of [
    'class=CH',
    'class=3',
    'qclass=ANY',
    'class=',
    'class=1&class=3',
    'class=1&qclass=CH',
  ])
    t.same(
      of(`name=version.bind&type=TXT&${parameters}`),
      { kind: 'refusal', status: 400, why: 'the class is IN: others are not asked for in JSON' },
      parameters,
    );
  const refused = { kind: 'refusal', status: 400 };
  t.same(of('nothing=of-either'), refused);
  t.same(get('/dns-query?name=www.example'), refused, 'where it is not spoken');
});

t.test('a response in JSON', async (t) => {
  const reply = Buffer.from(
    `0000 8180 0001 0001 0000 0000 03777777 07 6578616d706c65 00 0001 0001
     c00c 0010 0001 0000012c 0006 05 3c2f223e0a`.replace(/\s/g, ''),
    'hex',
  );
  t.same(JSON.parse(jsonOf(reply)), {
    ...{ Status: 0, TC: false, RD: true, RA: true, AD: false, CD: false },
    Question: [{ name: 'www.example.', type: 1 }],
    Answer: [{ name: 'www.example.', type: 16, TTL: 300, data: '"</\\">\\010"' }],
  });
});
