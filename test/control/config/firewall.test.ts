/** DNS Firewall in the configuration: groups, rules, and lists with all that is wrong in them. */
import t from 'tap';
import { BASE, errorsOf, good, load, shortly } from './support.ts';

const VPC = (firewall: string): string =>
  `vpcs: [{ id: vpc-a, cidrs: [10.0.0.0/8], firewall: ${firewall} }]\n`;
const groups = (...rules: string[]): string =>
  `${BASE}firewall:\n  lists: [{ id: bad, domains: [bad.example] }]\n  groups:\n    - id: g\n      rules:\n${rules.map((rule) => `        - ${rule}\n`).join('')}`;

t.test('what is declared is the form that is compiled', async (t) => {
  const { firewall } = good(
    `${VPC('{ groups: [{ group: g, priority: 7 }], failOpen: true }')}firewall:
  lists: [{ id: bad, domains: [BAD.example., "*.bad.example", bad.example, "*"] }]
  groups:
    - id: g
      rules:
        - { priority: 2, list: bad, action: block }
        - { priority: 1, list: bad, qtype: AAAA, action: alert, redirection: trust }
        - { priority: 3, list: bad, action: block, response: override, override: { domain: Sink.example, ttl: 5m } }
`,
  );
  const [list] = firewall.lists;
  t.same([...list!.domains!()], ['bad.example.', '*.bad.example.', '*']);
  t.match(firewall.groups, [
    {
      id: 'g',
      rules: [
        {
          priority: 2,
          list: 'bad',
          qtype: undefined,
          redirection: 'inspect',
          action: { response: 'nodata' },
        },
        { priority: 1, qtype: 28, redirection: 'trust', action: { kind: 'alert' } },
        { priority: 3, action: { response: 'override', ttl: 300 } },
      ],
    },
  ]);
  t.same(firewall.associations, [{ id: 'g@vpc-a', group: 'g', vpc: 'vpc-a', priority: 7 }]);
  t.same([...firewall.failOpen], ['vpc-a']);
});

t.test('rules: what blocks says how, and nothing else does', async (t) => {
  t.match(
    errorsOf(
      groups(
        '{ priority: 1, list: bda, action: block }',
        '{ priority: 1, list: bad, action: allow, response: nodata }',
        '{ priority: 2, list: bad, action: block, response: override }',
        '{ priority: 3, list: bad, action: block, override: { domain: x. } }',
        '{ priority: 4, list: bad, action: drop }',
        '{ priority: 5, list: bad, action: alert, qtype: WHAT }',
      ),
    ),
    [
      /rules\[0\]\.list: no list has the id "bda"; .*bad/,
      /rules\[1\]\.priority: firewall\.groups\[0\]\.rules\[0\] has priority 1; give each rule its own/,
      /rules\[1\]\.response: a rule that does not block has no response; leave it out/,
      /rules\[2\]: the rule does not say what to override with; write override: \{ domain: NAME \}/,
      /rules\[3\]\.override: the response is not override/,
      /rules\[4\]\.action: "drop" is not known here; write allow, alert or block/,
      /rules\[5\]\.qtype: "WHAT" is not an RR type; write a type such as AAAA, or TYPE65/,
    ],
  );
});

t.test('groups of VPCs: those that there are, each once, with priorities of their own', async (t) => {
  const text = `${VPC('{ groups: [{ group: g, priority: 1 }, { group: h, priority: 1 }, { group: g, priority: 2 }, { group: k, priority: 3 }] }')}firewall: { groups: [{ id: g }, { id: h }, { id: h }] }\n`;
  t.match(errorsOf(text), [
    /groups\[1\]\.priority: vpcs\[0\]\.firewall\.groups\[0\] has priority 1/,
    /groups\[2\]\.group: g stands here twice; leave one out/,
    /groups\[3\]\.group: no rule group has the id "k"/,
    /firewall\.groups\[2\]\.id: id "h" is taken by firewall\.groups\[1\]\.id/,
  ]);
});

t.test('as many groups of a VPC and rules of a group as Route 53 has', async (t) => {
  const few = (count: number, make: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => make(i)).join();
  const text = (groups: number, rules: number): string =>
    `${VPC(`{ groups: [${few(groups, (i) => `{ group: g${i}, priority: ${i} }`)}] }`)}firewall:
  lists: [{ id: bad, domains: [bad.example] }]
  groups: [${few(groups, (i) => `{ id: g${i}, rules: [${few(rules, (j) => `{ priority: ${j}, list: bad, action: block }`)}] }`)}]
`;
  t.equal(good(text(5, 100)).firewall.associations.length, 5);
  t.match(errorsOf(text(6, 1)), [/^1:\d+ vpcs\[0\]\.firewall\.groups: the list has 6 entries; write 0 to 5/]);
  t.match(errorsOf(text(1, 101)), [/groups\[0\]\.rules: the list has 101 entries; write 0 to 100/]);
});

t.test('lists: a file or domains; errors of a file are at its lines', async (t) => {
  t.match(
    errorsOf(
      `${BASE}firewall: { lists: [{ id: a }, { id: b, file: x, domains: [] }, { id: c, domains: ["*x.example", ok.example, "a..b"] }] }`,
    ),
    [
      /lists\[0\]: a list with neither file and domains; write one of them/,
      /lists\[1\]: a list with both file and domains/,
      /lists\[2\]\.domains\[0\]: "\*x\.example" is not a domain of a list; write a name, \*\. and a name/,
      /lists\[2\]\.domains\[2\]: "a\.\.b" is not a domain/,
    ],
  );
  const listed = (content: string) =>
    load(`${BASE}firewall: { lists: [{ id: a, file: lists/a.txt }] }`, {
      '/etc/causeway/lists/a.txt': content,
    });
  const { config } = listed('# what is bad\n\nBad.example  # why\r\n*.bad.example.\nbad.example\n');
  t.same([...config!.firewall.lists[0]!.domains!()], ['bad.example.', '*.bad.example.']);
  const { errors } = listed('ok.example\n  no domain\nöl.example\n');
  t.match(errors?.map(shortly), [/2:3 : "no domain" is not a domain/, /3:1 : "öl\.example" is not a domain/]);
  t.equal(errors?.[0]?.file, 'lists/a.txt');
  t.match(errorsOf(`${BASE}firewall: { lists: [{ id: a, file: none.txt }] }`), [
    /lists\[0\]\.file: none\.txt: there is no such file/,
  ]);
  t.match(
    errorsOf(`${BASE}firewall: { lists: [{ id: a, file: /etc/passwd }] }`).join(),
    /outside of|no such file/,
  );
});
