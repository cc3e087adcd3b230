import { apiError } from './errors.ts';
import { models, type Operation, SERVICES, type ServiceName, shapeIn } from './model.ts';

/** One operation of one of the three models. */
export interface Known extends Operation {
  readonly service: ServiceName;
  readonly name: string;
  /** False where it changes nothing: it may be repeated at will. */
  readonly writes: boolean;
}

/** Every operation of the three models. */
export const OPERATIONS: readonly Known[] = SERVICES.flatMap((service) =>
  Object.entries(models[service].operations).map(([name, operation]) => ({
    ...operation,
    service,
    name,
    writes: !/^(Get|List|TestDNSAnswer)/.test(name),
  })),
);

/** A request for an operation, with what its path says. */
export interface Routed {
  readonly operation: Known;
  readonly labels: Readonly<Record<string, string>>;
}

/** What tells the operation of a request. */
export interface RequestLine {
  readonly method: string;
  /** Still encoded, without the query. */
  readonly path: string;
  /** X-Amz-Target. */
  readonly target: string | undefined;
}

const VERSION = '/2013-04-01';

/** Whose request it is, by its path; what no service has is for Route 53 to refuse. */
export function serviceOf({ path, target }: RequestLine): ServiceName {
  if (path === '/' && target !== undefined) return 'route53resolver';
  return /^\/(profile|tags\/)/.test(path) ? 'route53profiles' : 'route53';
}

/** Throws ApiError UnknownOperation, or MalformedInput for a path that is no text. */
export function route(line: RequestLine): Routed {
  const service = serviceOf(line);
  if (models[service].protocol === 'json') return { operation: targeted(line), labels: {} };
  const segments = segmentsOf(line.path);
  for (const { operation, template } of templates) {
    if (operation.service !== service || operation.method !== line.method) continue;
    const labels = matched(template, segments);
    if (labels !== undefined) return { operation, labels };
  }
  throw unknown(`${line.method} ${line.path} is not an operation of this API.`);
}

function targeted({ method, target = '' }: RequestLine): Known {
  const [prefix, name] = target.split('.', 2);
  const found = OPERATIONS.find(
    (each) => each.name === name && models[each.service].targetPrefix === prefix && each.method === method,
  );
  if (found === undefined) throw unknown(`${method} ${target} is not an operation of this API.`);
  return found;
}

function unknown(message: string) {
  return apiError('UnknownOperation', message);
}

interface Template {
  readonly operation: Known;
  /** Texts, and members in braces. */
  readonly template: readonly string[];
}

/** Those with more text first: `trafficpolicyinstances/hostedzone` is no `trafficpolicyinstances/{Id}`. */
const templates: readonly Template[] = OPERATIONS.filter(({ service }) => models[service].protocol !== 'json')
  .map((operation) => ({ operation, template: segmentsOf(operation.path) }))
  .sort((a, b) => labelsIn(a.template) - labelsIn(b.template));

function labelsIn(template: readonly string[]): number {
  return template.filter(isLabel).length;
}

function isLabel(segment: string): boolean {
  return segment.startsWith('{');
}

/**
 * The path without its final slash, which some clients leave out where the model has it, and without the second
 * `hostedzone` of `/hostedzone//hostedzone/Z1`: others send ids as they got them.
 */
function segmentsOf(path: string): string[] {
  const once = path.replace(/^(\/2013-04-01)\/(hostedzone|change|delegationset)\/\/?\2\//, '$1/$2/');
  return once.replace(/\/$/, '').split('/').slice(1);
}

function matched(
  template: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const labels: Record<string, string> = Object.create(null);
  for (const [i, expected] of template.entries()) {
    const segment = segments[i]!;
    if (isLabel(expected)) {
      if (segment === '' || segment === '.' || segment === '..') return undefined;
      labels[expected.slice(1, -1)] = decoded(segment);
    } else if (segment !== expected) return undefined;
  }
  return labels;
}

/** Percent-decoded. Throws ApiError MalformedInput. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw apiError('MalformedInput', 'The request URI is not percent-encoded UTF-8.');
  }
}

/** The hosted zone that a request is about, if it is about one: a member of its input, by the operation's path. */
export function zoneMember({ service, path, input }: Known): string | undefined {
  if (service !== 'route53') return undefined;
  const { members = {} } = shapeIn(service, input);
  const [, label] =
    /^(?:hostedzone|hostedzonelimit|keysigningkey)\/\{(\w+)\}/.exec(path.slice(VERSION.length + 1)) ?? [];
  if (label === undefined) return 'HostedZoneId' in members ? 'HostedZoneId' : undefined;
  return Object.keys(members).find((name) => {
    const { location, locationName = name } = members[name]!;
    return location === 'uri' && locationName === label;
  });
}
