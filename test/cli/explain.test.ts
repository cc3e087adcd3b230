import t from 'tap';
import { explanationText } from '../../src/cli/explain.ts';
import { explanation } from '../support/fake-daemon.ts';

t.test('the chain of trust as a branch of the tree, with the place where it broke', async (t) => {
  const text = explanationText(
    {
      ...explanation,
      qname: 'www.bad.example.',
      steps: [],
      candidates: [],
      trust: [
        {
          name: 'www.bad.example.',
          security: 'unchecked',
          steps: [
            {
              zone: '.',
              outcome: 'secure',
              by: 'anchor',
              keys: [
                { tag: 20326, algorithm: 'RSASHA256' },
                { tag: 38696, algorithm: 'RSASHA256' },
              ],
              digests: ['SHA-256'],
            },
            {
              zone: 'example.',
              outcome: 'secure',
              by: 'ds',
              keys: [{ tag: 815, algorithm: 'ECDSAP256SHA256' }],
              digests: ['SHA-256', 'SHA-384'],
            },
            {
              zone: 'bad.example.',
              outcome: 'bogus',
              by: 'ds',
              keys: [],
              digests: ['SHA-256'],
              why: 'no DNSKEY has tag\u202e 4711',
            },
          ],
        },
        {
          name: 'x.plain.',
          security: 'insecure',
          steps: [
            { zone: 'plain.', outcome: 'insecure', by: 'no-ds', keys: [], digests: [] },
            {
              zone: 'corp.plain.',
              outcome: 'insecure',
              by: 'nta',
              keys: [],
              digests: [],
              why: 'split horizon',
            },
          ],
        },
      ],
      answer: { rcode: 'SERVFAIL', flags: ['ra'], answer: [], authority: [], additional: [] },
      source: 'upstream',
      ede: [{ code: 9, text: 'bad.example.: no DNSKEY has tag 4711' }],
    },
    { colour: false },
  );
  t.equal(
    text,
    `www.bad.example. A in vpc-corp
├─ chain of trust to www.bad.example.: bogus
│  ├─ ✓  .             secure  trust anchor SHA-256  key 20326 RSASHA256, 38696 RSASHA256
│  ├─ ✓  example.      secure  DS SHA-256, SHA-384   key 815 ECDSAP256SHA256
│  └─ ✗  bad.example.  bogus   DS SHA-256                                                  no DNSKEY has tag\\u{202e} 4711
├─ chain of trust to x.plain.: insecure
│  ├─ ·  plain.       insecure  no DS
│  └─ ·  corp.plain.  insecure  negative trust anchor    split horizon
├─ answer SERVFAIL ra from upstream
│  └─ no records
└─ EDE 9: bad.example.: no DNSKEY has tag 4711
`,
  );
});

t.test('groups of record sets as branches, with what became of each set', async (t) => {
  const text = explanationText(
    {
      ...explanation,
      steps: [],
      candidates: [],
      routing: [
        {
          name: 'db.internal.example.',
          type: 'A',
          policy: 'failover',
          location: 'EU DE, by 24 bits of its address',
          sets: [
            {
              id: 'one',
              rule: 'primary',
              leadsTo: '10.20.0.4',
              health: 'unhealthy',
              check: 'hc-1',
              chosen: false,
              why: 'unhealthy',
            },
            {
              id: 'two',
              rule: 'secondary',
              leadsTo: 'alias to db2.internal.example.',
              health: 'not checked',
              check: undefined,
              chosen: true,
              why: 'chosen',
            },
          ],
        },
      ],
    },
    { colour: false },
  );
  t.equal(
    text,
    `db.internal.example. A in vpc-corp
├─ failover record sets of db.internal.example. A; the client is EU DE, by 24 bits of its address
│  ├─ ·  one  primary    10.20.0.4                       unhealthy (hc-1)  unhealthy
│  └─ ✓  two  secondary  alias to db2.internal.example.  not checked       chosen
└─ answer NOERROR aa ra from zone
   └─ db.internal.example. 300 IN A 10.20.0.5
`,
  );
});
