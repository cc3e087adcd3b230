/**
 * Every operation of the three models: its minimal valid request, made by botocore's own serialiser from the same
 * models, comes to that operation with the same members, whose rules are kept.
 */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { readInput, writeError, writeOutput } from '../../../src/control/api/binding.ts';
import { apiError } from '../../../src/control/api/errors.ts';
import { models, SERVICES, type ServiceName, type Shape, shapeIn } from '../../../src/control/api/model.ts';
import { OPERATIONS, route } from '../../../src/control/api/operations.ts';
import { missingPython, pythonWith } from '../../support/python.ts';

/** Values by shape: the required members, or all. Structures that hold themselves end where they would repeat. */
function sample(service: ServiceName, name: string, all: boolean, within: readonly string[] = []): unknown {
  const shape = shapeIn(service, name);
  switch (shape.type) {
    case 'structure': {
      const members = Object.entries(shape.members ?? {}).filter(
        ([member, { shape: of }]) => shape.required?.includes(member) || (all && !within.includes(of)),
      );
      return Object.fromEntries(
        members.map(([member, { shape: of }]) => [member, sample(service, of, all, [...within, name])]),
      );
    }
    case 'list':
      return Array.from({ length: Math.max(1, shape.min ?? 1) }, () =>
        sample(service, shape.member!.shape, all, [...within, name]),
      );
    case 'map':
      return { key: sample(service, shape.value!.shape, all, within) };
    case 'string':
      return text(name, shape);
    case 'boolean':
      return true;
    case 'timestamp':
      return Date.UTC(2026, 2, 9, 8, 14, 2);
    default:
      return Math.max(1, shape.min ?? 1);
  }
}

/** Texts that the few patterns of the models take. */
const CANDIDATES = [
  'Zz&<é " 1',
  'zone-1',
  '192.0.2.1',
  '10',
  '00000000-0000-4000-8000-000000000000',
  'arn:aws:outposts:eu-west-1:000000000000:outpost/op-0123456789abcdef0',
];

function text(
  name: string,
  { enum: words, min = 0, max = Number.POSITIVE_INFINITY, pattern }: Shape,
): string {
  if (words !== undefined) return words[0]!;
  const expression = new RegExp(`^(?:${pattern ?? '.*'})$`, 'su');
  const found = CANDIDATES.map((each) => each.padEnd(min, '1')).find(
    (each) => each.length <= max && expression.test(each),
  );
  if (found === undefined) throw new Error(`no text for ${name}`);
  return found;
}

interface Serialised {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly body: string;
  readonly target: string | null;
}

/** botocore's serialiser over the models as they are committed, so that its own edition does not matter. */
const PYTHON = `
import sys, json, base64
from botocore.model import ServiceModel
from botocore.serialize import create_serializer
from urllib.parse import urlencode, quote
given = json.load(sys.stdin)
out = []
for name, m in given['models'].items():
    ns = 'https://route53.amazonaws.com/doc/2013-04-01/'
    def op(n, o):
        i = {'shape': o['input']}
        body = any('location' not in x for x in m['shapes'][o['input']].get('members', {}).values())
        if m['protocol'] == 'rest-xml' and body: i.update(locationName=o['input'], xmlNamespace={'uri': ns})
        return {'name': n, 'http': {'method': o['method'], 'requestUri': o['path']}, 'input': i}
    model = ServiceModel({
        'metadata': {'protocol': m['protocol'], 'jsonVersion': '1.1', 'targetPrefix': m.get('targetPrefix', ''),
                     'endpointPrefix': name, 'serviceId': name, 'apiVersion': '1'},
        'operations': {n: op(n, o) for n, o in m['operations'].items()},
        'shapes': m['shapes']}, name)
    s = create_serializer(m['protocol'], include_validation=True)
    for n, params in given['inputs'][name].items():
        r = s.serialize_to_request(params, model.operation_model(n))
        body = r['body']
        if isinstance(body, str): body = body.encode()
        q = r['query_string']
        q = q.items() if isinstance(q, dict) else q
        q = '&'.join(quote(k, safe='-_.~') + '=' + quote(str(x), safe='-_.~')
                     for k, v in q for x in (v if isinstance(v, list) else [v]))
        out.append({'service': name, 'operation': n, 'method': r['method'], 'path': r['url_path'], 'search': q,
                    'body': base64.b64encode(body or b'').decode(),
                    'target': r['headers'].get('X-Amz-Target')})
json.dump(out, sys.stdout)
`;

type Inputs = Record<ServiceName, Record<string, unknown>>;

function inputs(all: boolean): Inputs {
  const of = (service: ServiceName): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(models[service].operations).map(([name, { input }]) => [
        name,
        sample(service, input, all),
      ]),
    );
  return Object.fromEntries(SERVICES.map((service) => [service, of(service)])) as Inputs;
}

for (const all of [false, true])
  t.test(
    `every operation, ${all ? 'all members' : 'the required members'}`,
    { skip: missingPython('botocore') },
    async (t) => {
      const given = inputs(all);
      const stdout = execFileSync(pythonWith('botocore')!, ['-c', PYTHON], {
        input: JSON.stringify({ models, inputs: given }),
        maxBuffer: 64 * 1024 * 1024,
      });
      const made = JSON.parse(String(stdout)) as (Serialised & { service: ServiceName; operation: string })[];
      t.equal(made.length, 159);
      for (const { service, operation, method, path, search, body, target } of made) {
        const routed = route({ method, path, target: target ?? undefined });
        t.same([routed.operation.service, routed.operation.name], [service, operation], `${method} ${path}`);
        const input = readInput(routed, search, Buffer.from(body, 'base64'));
        t.same(JSON.parse(JSON.stringify(input)), given[service][operation], operation);
      }
    },
  );

t.test('without each required member: an error that names it', async (t) => {
  for (const operation of OPERATIONS) {
    const { service, name, input } = operation;
    if (models[service].protocol !== 'json') continue;
    for (const member of shapeIn(service, input).required ?? []) {
      const { [member]: _, ...rest } = sample(service, input, false) as Record<string, unknown>;
      const body = Buffer.from(JSON.stringify(rest));
      t.throws(() => readInput({ operation, labels: {} }, '', body), {
        code: 'ValidationException',
        message: `1 validation error detected: Value null at '${member.charAt(0).toLowerCase()}${member.slice(1)}' failed to satisfy constraint: Member must not be null`,
      });
      t.ok(name);
    }
  }
});

t.test('every output and every error can be written', async (t) => {
  for (const operation of OPERATIONS) {
    const { service, name, output, status } = operation;
    const response = writeOutput(operation, sample(service, output, true) as object);
    t.equal(response.status, status, name);
    if (status === 204) t.equal(response.body, '');
    else if (service === 'route53') t.ok(response.body.includes(`<${output} xmlns="https://route53.`), name);
    else t.ok(JSON.parse(response.body), name);
  }
  for (const service of SERVICES)
    for (const [code, shape] of Object.entries(models[service].shapes)) {
      if (!shape.exception) continue;
      const response = writeError(service, apiError(code as 'InvalidInput', 'a < b'), 'id');
      t.ok(response.status >= 400 && response.body.includes(code), code);
      if (shape.status !== undefined) t.equal(response.status, shape.status, code);
    }
});
