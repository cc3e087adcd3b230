/** Rules of a folder of files: merged with those of the configuration, each error with its own file and line. */
import t from 'tap';
import type { Files } from '../../../src/control/config/files.ts';
import { loadConfig } from '../../../src/control/config/load.ts';
import { problemToText } from '../../../src/control/config/problem.ts';
import { nameToText } from '../../../src/wire/name.ts';
import { FILE, filesOf } from './support.ts';

const ONE_VPC = `node: { rulesFolder: rules.d }
vpcs: [{ id: vpc-a, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: [127.0.0.55] }] }
rules:
  - { id: uplink, domain: ".", type: forward, targets: [192.0.2.1], vpcs: [vpc-a] }
`;
const TWO_VPCS = ONE_VPC.replace(
  'vpcs: [{ id: vpc-a',
  'vpcs: [{ id: vpc-b, cidrs: [10.0.0.0/8] }, { id: vpc-a',
);
const VPN = '- { domain: corp.example., type: forward, targets: [10.8.0.1] }';

function loaded(files: Record<string, string>, config = ONE_VPC, over: Partial<Files> = {}) {
  const inFolder = Object.entries(files).map(([name, text]) => [`/etc/causeway/rules.d/${name}`, text]);
  return loadConfig(FILE, { ...filesOf({ [FILE]: config, ...Object.fromEntries(inFolder) }), ...over });
}

function problems(files: Record<string, string>, config?: string, over?: Partial<Files>): string[] {
  const { errors = [], warnings } = loaded(files, config, over);
  return [...errors, ...warnings].map((each) => problemToText(each).replaceAll('/etc/causeway/', ''));
}

t.test('files are read in the order of their names; a rule without VPCs has the only one', (t) => {
  const { config } = loaded({
    '20-b.yaml': `search: [corp.example., lab.example]\nrules:\n  ${VPN}\n`,
    '10-a.yaml':
      'search: [lab.example.]\nrules:\n  - { id: a, domain: lab.example., type: system, vpcs: [vpc-a] }\n',
    'README.txt': 'no yaml: [',
    '.hidden.yaml': 'no yaml: [',
    'x.yaml.new': 'no yaml: [',
    'empty.yaml': '',
  });
  t.same(
    config?.rules.map(({ id, domain, vpcs }) => [id, nameToText(domain), vpcs]),
    [
      ['uplink', '.', ['vpc-a']],
      ['a', 'lab.example.', ['vpc-a']],
      ['corp.example.@vpc-a', 'corp.example.', ['vpc-a']],
    ],
  );
  t.same(config?.search, ['lab.example.', 'corp.example.']);
  t.end();
});

t.test('an error names the file and line where it stands', (t) => {
  t.same(problems({ 'vpn.yaml': 'rules:\n  - { domain: corp.example., type: forward }\n' }), [
    'rules.d/vpn.yaml:2:5: rules[0]: a forward rule needs targets; add for example targets: [192.0.2.53]',
  ]);
  t.same(
    problems({ 'a.yaml': 'rules:\n  - {', 'b.yaml': 'rule: []\n' }).map((each) => each.split(': ')[0]),
    ['rules.d/a.yaml:2:6', 'rules.d/b.yaml:1:1'],
  );
  t.same(problems({ 'vpn.yaml': 'search: ["*.corp.example"]\n' }).length, 1);
  for (const search of [
    '`id`.example',
    '$(id).example',
    'a b.example',
    "a'b",
    '%H.example',
    'a\\032b.example',
  ])
    t.match(
      problems({ 'vpn.yaml': `search: [${JSON.stringify(search)}]\n` }),
      [/is no search domain/],
      search,
    );
  t.match(
    problems({ 'vpn.yaml': `rules:\n  - { domain: a.example., type: forward, targets: [127.0.0.55] }\n` }),
    [
      /^rules\.d\/vpn\.yaml:2:.*rules\[0\]\.targets\[0\]: 127\.0\.0\.55:53 is an inbound endpoint of this node/,
    ],
  );
  t.end();
});

t.test('what two files say against each other names both', (t) => {
  t.match(problems({ '1.yaml': `rules:\n  ${VPN}\n`, '2.yaml': `# again\nrules:\n  ${VPN}\n` }), [
    /^rules\.d\/2\.yaml:3:.*rules\[0\]\.domain: rules\[0\] of (\/etc\/causeway\/)?rules\.d\/1\.yaml is a rule of VPC vpc-a/,
  ]);
  t.match(problems({ '1.yaml': 'rules:\n  - { domain: ".", type: recursive }\n' }), [
    /^rules\.d\/1\.yaml:2:.*rules\[0\]\.domain: rules\[0\] is a rule of VPC vpc-a for \. already/,
  ]);
  t.end();
});

t.test('where there are two VPCs, a rule names its own', (t) => {
  t.match(problems({ 'vpn.yaml': `rules:\n  ${VPN}\n` }, TWO_VPCS), [
    /^rules\.d\/vpn\.yaml:2:5: rules\[0\]: vpcs is missing/,
  ]);
  const vpn = VPN.replace(' }', ', vpcs: [vpc-b] }');
  t.same(loaded({ 'vpn.yaml': `rules:\n  ${vpn}\n` }, TWO_VPCS).config?.rules[1]?.vpcs, ['vpc-b']);
  t.end();
});

t.test('the folder: missing, no folder, open to all, leading out, too full', (t) => {
  t.match(problems({}), [/causeway\.yaml:1:22: node\.rulesFolder: rules\.d: there is no such folder/]);
  t.ok(loaded({}).config, 'and that is a warning: a VPN client makes it');
  t.match(
    problems({}, ONE_VPC, {
      realpath: (path) => path,
      list: () => {
        throw Object.assign(new Error('ENOTDIR'), { code: 'EACCES' });
      },
    }),
    [/the file may not be read/],
  );
  t.match(problems({ 'a.yaml': '' }, ONE_VPC, { mode: () => 0o666 }), [
    /node\.rulesFolder: rules\.d: anyone may write/,
    /^rules\.d\/a\.yaml:1:1: anyone may write/,
  ]);
  t.match(problems({ 'a.yaml': '→ ../causeway.yaml' }), [/^rules\.d\/a\.yaml:1:1: the file lies outside/]);
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`${i}.yaml`, '']));
  t.match(problems(many), [/rules\.d has 257 files \*\.yaml; at most 256/]);
  t.end();
});
