import { validationText, violationsOf, xmlFaultText } from './constraints.ts';
import { type ApiError, type ApiErrorCode, apiError, wireError } from './errors.ts';
import { parseJson, readJson, writeJson } from './jsoncodec.ts';
import { type Member, models, type ServiceName, type Shape, shapeIn } from './model.ts';
import { decoded, type Known, type Routed } from './operations.ts';
import { escapeXml, parseXml } from './xml.ts';
import { bareId, bodyMembers, ROUTE53_NAMESPACE, readXml, writeXml } from './xmlcodec.ts';

/** What goes back. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What went wrong; clients read it in the body. */
  readonly error?: ApiErrorCode;
}

/** The members of an operation's input. */
export type Input = Readonly<Record<string, unknown>>;

/**
 * The input of a request: from its path, query and body, checked by the rules of the model.
 * Throws ApiError with AWS's code and text.
 */
export function readInput(routed: Routed, search: string, body: Uint8Array): Input {
  const { operation } = routed;
  const { service, input: name } = operation;
  const shape = shapeIn(service, name);
  const input: Record<string, unknown> = Object.create(null);
  Object.assign(input, bodyInput(operation, shape, body));
  const query = new Query(search);
  for (const [member, of] of Object.entries(shape.members ?? {})) {
    const value = outsideBody(service, member, of, routed, query);
    if (value !== undefined) input[member] = value;
  }
  check(operation, shape, input);
  return input;
}

function bodyInput({ service, input: name }: Known, shape: Shape, body: Uint8Array): Record<string, unknown> {
  const members = bodyMembers(shape);
  if (models[service].protocol !== 'rest-xml') return readJson(service, name, parseJson(body));
  if (members.length === 0) return {};
  // A request all of whose members may be missing may have no body.
  const needed = members.some(([member]) => shape.required?.includes(member));
  return body.length === 0 && !needed ? {} : readXml(name, parseXml(body));
}

function outsideBody(
  service: ServiceName,
  member: string,
  { shape: name, location, locationName = member }: Member,
  { labels }: Routed,
  query: Query,
): unknown {
  const shape = shapeIn(service, name);
  switch (location) {
    case 'uri':
      return scalar(service, shape, bareId(name, labels[locationName]!), member);
    case 'querystring': {
      const values = query.all(locationName);
      if (values.length === 0) return undefined;
      return shape.type === 'list' ? values : scalar(service, shape, bareId(name, values[0]!), member);
    }
    default:
      return undefined;
  }
}

function scalar(service: ServiceName, shape: Shape, text: string, member: string): string | number {
  if (shape.type === 'string') return text;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  const fault = `Value '${text.slice(0, 100)}' at '${member}' failed to satisfy constraint`;
  throw invalid(service, `1 validation error detected: ${fault}: Member must be an integer`);
}

/** A query string as it was signed: `+` is no blank. */
class Query {
  readonly #pairs: readonly (readonly [string, string])[];
  constructor(search: string) {
    this.#pairs = search
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => {
        const [name = '', ...rest] = pair.split('=');
        return [decoded(name), decoded(rest.join('='))];
      });
  }
  all(name: string): string[] {
    return this.#pairs.flatMap(([key, value]) => (key === name ? [value] : []));
  }
}

/** The rules of the model: what stands in an XML body is told as AWS's XML parser tells it, all else as its framework. */
function check({ service, input: name }: Known, shape: Shape, input: Input): void {
  const violations = violationsOf(service, name, input);
  if (violations.length === 0) return;
  const inBody = violations.filter(({ path }) => shape.members?.[String(path[0])]?.location === undefined);
  const [first] = inBody;
  if (service !== 'route53' || first === undefined)
    throw invalid(service, validationText(service, violations));
  throw invalid(service, `Invalid XML ; ${xmlFaultText(service, ROUTE53_NAMESPACE, name, first)}`);
}

function invalid(service: ServiceName, text: string): ApiError {
  return apiError(service === 'route53' ? 'InvalidInput' : 'ValidationException', text);
}

/** The response of success. */
export function writeOutput({ service, output, status }: Known, value: object): ApiResponse {
  const shape = shapeIn(service, output);
  const headers: Record<string, string> = {};
  for (const [member, { location, locationName = member }] of Object.entries(shape.members ?? {})) {
    const text = (value as Input)[member];
    if (location === 'header' && text !== undefined) headers[locationName.toLowerCase()] = String(text);
  }
  if (status === 204) return { status, headers, body: '' };
  const body =
    models[service].protocol === 'rest-xml' ? writeXml(output, value) : writeJson(service, output, value);
  return { status, headers: { ...headers, 'content-type': mediaType(service) }, body };
}

/** The response of an error. */
export function writeError(service: ServiceName, error: ApiError, requestId: string): ApiResponse {
  const { code, status } = wireError(service, error.code);
  const { protocol } = models[service];
  const headers = { 'content-type': mediaType(service) };
  if (protocol === 'rest-xml') {
    const type = status < 500 ? 'Sender' : 'Receiver';
    const told = `<Type>${type}</Type><Code>${code}</Code><Message>${escapeXml(error.message)}</Message>`;
    const body = `<?xml version="1.0"?>\n<ErrorResponse xmlns="${ROUTE53_NAMESPACE}"><Error>${told}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
    return { status, headers, body, error: error.code };
  }
  // Some clients read one spelling and some the other.
  const body = JSON.stringify({
    __type: code,
    Message: error.message,
    message: error.message,
    ...error.members,
  });
  return { status, headers: { ...headers, 'x-amzn-errortype': code }, body, error: error.code };
}

function mediaType(service: ServiceName): string {
  switch (models[service].protocol) {
    case 'rest-xml':
      return 'text/xml';
    case 'json':
      return 'application/x-amz-json-1.1';
    case 'rest-json':
      return 'application/json';
  }
}
