/** From bytes to members and back: right requests in the forms that clients send, wrong ones with AWS's words. */
import fc from 'fast-check';
import t from 'tap';
import { readInput, writeError, writeOutput } from '../../../src/control/api/binding.ts';
import { ApiError, apiError } from '../../../src/control/api/errors.ts';
import { OPERATIONS, route } from '../../../src/control/api/operations.ts';
import { escapeXml, parseXml } from '../../../src/control/api/xml.ts';

const NS = 'xmlns="https://route53.amazonaws.com/doc/2013-04-01/"';
const operation = (name: string) => OPERATIONS.find((each) => each.name === name)!;
const read = (method: string, url: string, body = '', target?: string) => {
  const [path = '', search = ''] = url.split('?', 2);
  return readInput(route({ method, path, target }), search, Buffer.from(body));
};
const change = (set: string, attributes = NS, action = 'UPSERT') =>
  `<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest ${attributes}><ChangeBatch><Changes><Change><Action>${action}</Action><ResourceRecordSet>${set}</ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
const SET = '<Name>a.example.</Name><Type>A</Type>';
const changeSet = (body: string) => read('POST', '/2013-04-01/hostedzone/Z1/rrset/', body);

t.test('record sets as clients send them', async (t) => {
  const expected = {
    HostedZoneId: 'Z1',
    ChangeBatch: {
      Changes: [
        {
          Action: 'UPSERT',
          ResourceRecordSet: {
            Name: 'a.example.',
            Type: 'A',
            MultiValueAnswer: true,
            Weight: 0,
            TTL: 60,
            ResourceRecords: [{ Value: '"a & b"' }],
          },
        },
      ],
    },
  };
  const rest =
    '<MultiValueAnswer>true</MultiValueAnswer><Weight>0</Weight><TTL> 60 </TTL><ResourceRecords><ResourceRecord><Value>"a &amp; &#98;"</Value></ResourceRecord></ResourceRecords>';
  t.match(changeSet(change(SET + rest)), expected);
  t.match(changeSet(change(rest + SET)), expected, 'in another order');
  t.match(changeSet(change(SET + rest, '')), expected, 'without a namespace');
  t.match(
    changeSet(`\ufeff${change(SET + rest).replaceAll('><', '>\n  <')}\n`),
    expected,
    'with blanks, behind a BOM',
  );
  const prefixed = change(SET + rest)
    .replace(/<(\/?)(\w)/g, '<$1r:$2')
    .replace('xmlns=', 'xmlns:r=');
  t.match(changeSet(prefixed), expected, 'with a prefix');
  for (const path of [
    'hostedzone/Z1/rrset',
    'hostedzone/%2Fhostedzone%2FZ1/rrset/',
    'hostedzone//hostedzone/Z1/rrset',
    'hostedzone/hostedzone/Z1/rrset',
  ])
    t.match(read('POST', `/2013-04-01/${path}`, change(SET + rest)), expected, path);
});

t.test('record sets that are wrong', async (t) => {
  const cases: Record<string, [string, string | RegExp]> = {
    'unknown word': [
      change(SET, NS, 'DROP'),
      "Invalid XML ; cvc-enumeration-valid: Value 'DROP' is not facet-valid with respect to enumeration '[CREATE, DELETE, UPSERT]'. It must be a value from the enumeration.",
    ],
    missing: [
      change('<Type>A</Type>'),
      /cvc-complex-type\.2\.4\.b: The content of element 'ResourceRecordSet' is not complete\. One of '\{"https:.*":Name\}' is expected\.$/,
    ],
    'empty list': [
      `<ChangeResourceRecordSetsRequest ${NS}><ChangeBatch><Changes/></ChangeBatch></ChangeResourceRecordSetsRequest>`,
      /2\.4\.b: The content of element 'Changes' is not complete\. One of .*:Change/,
    ],
    unknown: [
      change(`${SET}<Colour>red</Colour>`),
      /2\.4\.a: Invalid content was found starting with element 'Colour'\. One of '\{"https:.*":Name,/,
    ],
    twice: [change(`${SET}<Name>b.</Name>`), /2\.4\.a: .* element 'Name'/],
    'of another list': [
      change(`${SET}<ResourceRecords><Value>x</Value></ResourceRecords>`),
      /element 'Value'.*:ResourceRecord/,
    ],
    text: [change(`${SET}x`), /2\.3: Element 'ResourceRecordSet' cannot have character/],
    elements: [change('<Name><b>x</b></Name><Type>A</Type>'), /3\.1\.2: Element 'Name' is a simple type/],
    'no number': [
      change(`${SET}<TTL>1m</TTL>`),
      "Invalid XML ; cvc-datatype-valid.1.2.1: '1m' is not a valid value for 'long'.",
    ],
    'no boolean': [
      change(`${SET}<MultiValueAnswer>yes</MultiValueAnswer>`),
      /'yes' is not a valid value for 'boolean'/,
    ],
    'too large': [
      change(`${SET}<Weight>256</Weight>`),
      /cvc-maxInclusive-valid: Value '256' is not facet-valid with respect to maxInclusive '255' for type 'ResourceRecordSetWeight'/,
    ],
    'too long': [
      change(`<Name>${'a'.repeat(1025)}</Name><Type>A</Type>`),
      /cvc-maxLength-valid: .* length = '1025'.* maxLength '1024' for type 'DNSName'/,
    ],
    'too short': [
      change(`${SET}<SetIdentifier></SetIdentifier>`),
      /cvc-minLength-valid: Value '' with length = '0'/,
    ],
    'another root': [
      `<CreateHostedZoneRequest ${NS}/>`,
      /cvc-elt\.1: Cannot find the declaration of element 'CreateHostedZoneRequest'/,
    ],
    'another namespace': [change(SET, 'xmlns="urn:x"'), /cvc-elt\.1/],
  };
  for (const [what, [body, message]] of Object.entries(cases))
    t.throws(() => changeSet(body), { code: 'InvalidInput', message }, what);
});

t.test('XML that is none, or that could do harm', async (t) => {
  const bodies = {
    nothing: '',
    text: 'a',
    cut: change(SET).slice(0, -5),
    'two roots': '<a/><a/>',
    mixed: '<a></b>',
    'undefined entity': '<a>&x;</a>',
    declaration: `<!DOCTYPE a [<!ENTITY x "${'y'.repeat(100)}">]><a>&x;</a>`,
    comment: change(`${SET}<!-- -->`),
    cdata: change(`${SET}<SetIdentifier><![CDATA[x]]></SetIdentifier>`),
    deep: '<a>'.repeat(17),
    'character that is none': '<a>&#0;</a>',
    'UTF-16': Buffer.from('\ufeff<a/>', 'utf16le').toString('latin1'),
  };
  for (const [what, body] of Object.entries(bodies))
    t.throws(() => changeSet(body), { code: 'MalformedInput' }, what);
  t.throws(() => parseXml(Uint8Array.of(0x3c, 0xff, 0x3e)), { code: 'MalformedInput' });
  t.same(parseXml(Buffer.from('<a>&lt;&gt;&amp;&quot;&apos;</a>')).text, `<>&"'`);
});

t.test('what stands in the path and the query', async (t) => {
  t.match(read('GET', '/2013-04-01/hostedzone/Z1/rrset?name=%5C052.a.&type=A&maxitems=300&other=1'), {
    HostedZoneId: 'Z1',
    StartRecordName: '\\052.a.',
    StartRecordType: 'A',
    MaxItems: '300',
  });
  t.match(read('GET', '/2013-04-01/change/%2Fchange%2FC1'), { Id: 'C1' });
  t.match(read('GET', '/2013-04-01/trafficpolicyinstances/hostedzone?id=Z1'), { HostedZoneId: 'Z1' });
  const arn = 'arn:aws:route53profiles:eu-west-1:000000000000:profile/rp-1';
  t.match(read('DELETE', `/tags/${encodeURIComponent(arn)}?tagKeys=a&tagKeys=b`), {
    ResourceArn: arn,
    TagKeys: ['a', 'b'],
  });
  const invalid = (url: string, message: string | RegExp, code = 'InvalidInput') =>
    t.throws(() => read('GET', url), { code, message });
  invalid(
    `/2013-04-01/hostedzone/${'Z'.repeat(33)}`,
    `1 validation error detected: Value '${'Z'.repeat(33)}' at 'id' failed to satisfy constraint: Member must have length less than or equal to 32`,
  );
  invalid(
    '/2013-04-01/hostedzone/Z1/rrset?type=B',
    /at 'startRecordType' failed to satisfy constraint: Member must satisfy enum value set: \[SOA, A, TXT/,
  );
  invalid(
    '/2013-04-01/trafficpolicy/00000000-0000-4000-8000-000000000000/x',
    /Value 'x' at 'Version' .*integer/,
  );
  invalid('/2013-04-01/hostedzone/%ff', /percent-encoded/, 'MalformedInput');
  invalid('/2013-04-01/hostedzone/Z1/rrset?name=%', /percent-encoded/, 'MalformedInput');
  for (const url of [
    '/',
    '/2013-04-01',
    '/2013-04-01/nothing',
    '/2013-04-01/hostedzone/..',
    '/2013-04-01/hostedzone//rrset',
    '/2012-12-12/hostedzone',
    'http://x/2013-04-01/hostedzone',
    '*',
  ])
    invalid(url, /is not an operation/, 'UnknownOperation');
  t.throws(() => read('PUT', '/2013-04-01/hostedzone'), { code: 'UnknownOperation' });
  t.throws(() => read('OPTIONS', '*'), { code: 'UnknownOperation' });
  t.throws(() => read('POST', '/', '{}', 'Route53Resolver.__proto__'), { code: 'UnknownOperation' });
  t.throws(() => read('GET', '/', '{}', 'Route53Resolver.ListResolverRules'), { code: 'UnknownOperation' });
});

t.test('JSON', async (t) => {
  const rule = (body: string) => read('POST', '/', body, 'Route53Resolver.CreateResolverRule');
  const right = {
    CreatorRequestId: 'a',
    RuleType: 'FORWARD',
    DomainName: 'é.example',
    TargetIps: [{ Ip: '192.0.2.1', Port: 53 }],
  };
  t.same(
    { ...rule(JSON.stringify({ ...right, Colour: 1, Name: null })) },
    right,
    'what is not known is left out',
  );
  t.match(read('POST', '/', '', 'Route53Resolver.ListResolverRules'), {});
  const wrong = (over: object, message: string | RegExp, code = 'ValidationException') =>
    t.throws(() => rule(JSON.stringify({ ...right, ...over })), { code, message });
  wrong(
    { RuleType: 'X', CreatorRequestId: '' },
    /^2 validation errors detected: Value '' at 'creatorRequestId' .* greater than or equal to 1; Value 'X' at 'ruleType' failed/,
  );
  wrong(
    { TargetIps: [{ Ip: 'x', Port: 65536 }] },
    /Value 'x' at 'targetIps\.1\.member\.ip' .*; Value '65536' at 'targetIps\.1\.member\.port' .* less than or equal to 65535/,
  );
  wrong({ Name: '12' }, /Member must satisfy regular expression pattern: \(\?!\^\[0-9\]\+\$\)/);
  const malformed = (over: object, message: string) => wrong(over, message, 'MalformedInput');
  malformed({ DomainName: 1 }, 'NUMBER_VALUE can not be converted to a String');
  malformed({ DomainName: {} }, 'START_OBJECT can not be converted to a String');
  malformed({ TargetIps: {} }, 'START_OBJECT can not be converted to a List');
  malformed({ TargetIps: [null] }, 'NULL_VALUE can not be converted to a Structure');
  malformed({ TargetIps: [{ Port: 1.5 }] }, 'DECIMAL_VALUE can not be converted to an Integer');
  malformed({ TargetIps: [{ Port: '53' }] }, 'STRING_VALUE can not be converted to an Integer');
  for (const body of ['{', '[]', 'null', '"a"', '1', '[['.repeat(100_000), '{"a":"\\ud800"', '\xff'])
    t.throws(() => rule(body), { code: 'MalformedInput' }, body.slice(0, 10));
  t.throws(() => rule('{"__proto__":{"RuleType":"FORWARD"},"CreatorRequestId":"a"}'), {
    code: 'ValidationException',
  });
  const tags = read('POST', `/tags/${encodeURIComponent('arn:x')}`, '{"Tags":{"__proto__":"v"}}');
  t.same(Object.keys(tags['Tags'] as object), ['__proto__']);
  t.notOk(Object.hasOwn(Object.prototype, 'RuleType'));
});

t.test('nothing that is sent throws anything but an error for the client', async (t) => {
  const started = Object.keys(Object.prototype);
  const bodies = [
    change(SET),
    JSON.stringify({ CreatorRequestId: 'a', RuleType: 'FORWARD', TargetIps: [{ Ip: '192.0.2.1' }] }),
  ];
  const mutated = fc
    .tuple(
      fc.constantFrom(...bodies),
      fc.array(
        fc.tuple(
          fc.nat(600),
          fc.nat(5),
          fc.constantFrom('<', '>', '&', '/', '"', '{', '[', ']', 'null', '1e9', '\0', '__proto__', 'é', ''),
        ),
        { maxLength: 5 },
      ),
    )
    .map(([body, edits]) =>
      edits.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), body),
    );
  const odd: unknown[] = [];
  const attempt = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof ApiError)) odd.push(error);
    }
  };
  for (const body of fc.sample(fc.oneof(mutated, fc.string({ unit: 'binary' })), 5000)) {
    attempt(() => changeSet(body));
    attempt(() => read('POST', '/', body, 'Route53Resolver.CreateResolverRule'));
    attempt(() => read('POST', '/profileassociation', body));
    attempt(() => read('GET', body));
  }
  t.same(odd, []);
  t.same(Object.keys(Object.prototype), started);
});

t.test('responses', async (t) => {
  const output = { HostedZones: [], IsTruncated: false, MaxItems: '100', Marker: undefined };
  t.same(writeOutput(operation('ListHostedZones'), output), {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<?xml version="1.0"?>\n<ListHostedZonesResponse ${NS}><HostedZones></HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>`,
  });
  t.equal(escapeXml('a\u0000\ud800<&>"\r\u{1f600}'), 'a\ufffd\ufffd&lt;&amp;&gt;&quot;&#13;\u{1f600}');
  const told = (service: Parameters<typeof writeError>[0], error: ApiError) => {
    const { status, headers, body } = writeError(service, error, 'id');
    return [status, headers['x-amzn-errortype'], body];
  };
  t.same(told('route53', apiError('Throttling', 'Rate exceeded')), [
    400,
    undefined,
    `<?xml version="1.0"?>\n<ErrorResponse ${NS}><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>id</RequestId></ErrorResponse>`,
  ]);
  t.same(told('route53resolver', apiError('LimitExceededException', 'no', { ResourceType: 'rule' })), [
    400,
    'LimitExceededException',
    '{"__type":"LimitExceededException","Message":"no","message":"no","ResourceType":"rule"}',
  ]);
  const statuses = (
    code: 'Throttling' | 'AccessDenied' | 'UnknownOperation' | 'InternalFailure' | 'SignatureDoesNotMatch',
  ) =>
    (['route53', 'route53resolver', 'route53profiles'] as const).map(
      (service) => told(service, apiError(code, ''))[0],
    );
  t.same(statuses('Throttling'), [400, 400, 429]);
  t.same(statuses('AccessDenied'), [403, 400, 403]);
  t.same(statuses('UnknownOperation'), [404, 400, 404]);
  t.same(statuses('InternalFailure'), [500, 500, 500]);
  t.same(statuses('SignatureDoesNotMatch'), [403, 400, 403]);
  t.same(told('route53', apiError('NoSuchHostedZone', ''))[0], 404);
  t.same(told('route53', apiError('NoSuchDelegationSet', ''))[0], 400);
  t.same(told('route53', apiError('HostedZoneAlreadyExists', ''))[0], 409);
});
