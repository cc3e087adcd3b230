import { apiError } from './errors.ts';
import { type ServiceName, type Shape, shapeIn } from './model.ts';
import { bodyMembers } from './xmlcodec.ts';

type Members = Readonly<Record<string, unknown>>;

/** The object that a body holds; an empty body is an empty object. Throws ApiError MalformedInput. */
export function parseJson(octets: Uint8Array): Members {
  if (octets.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets));
  } catch {
    throw apiError('MalformedInput', 'The request body is not JSON that can be read.');
  }
  if (tokenOf(value) !== 'START_OBJECT') throw unfit(value, 'a Structure');
  return value as Members;
}

/** The members of a request that its object holds; others are ignored, as AWS does. Throws ApiError MalformedInput. */
export function readJson(service: ServiceName, name: string, value: Members): Record<string, unknown> {
  return readStructure(service, shapeIn(service, name), value);
}

function readStructure(service: ServiceName, shape: Shape, value: Members): Record<string, unknown> {
  const read: Record<string, unknown> = Object.create(null);
  for (const [name, { shape: of }] of bodyMembers(shape))
    if (Object.hasOwn(value, name) && value[name] !== null) read[name] = readValue(service, of, value[name]);
  return read;
}

function readValue(service: ServiceName, name: string, value: unknown): unknown {
  const shape = shapeIn(service, name);
  const token = tokenOf(value);
  switch (shape.type) {
    case 'structure':
      if (token !== 'START_OBJECT') throw unfit(value, 'a Structure');
      return readStructure(service, shape, value as Members);
    case 'list':
      if (token !== 'START_ARRAY') throw unfit(value, 'a List');
      return (value as readonly unknown[]).map((item) => readValue(service, shape.member!.shape, item));
    case 'map': {
      if (token !== 'START_OBJECT') throw unfit(value, 'a Map');
      const read: Record<string, unknown> = Object.create(null);
      for (const [key, of] of Object.entries(value as Members))
        read[key] = readValue(service, shape.value!.shape, of);
      return read;
    }
    case 'string':
      if (typeof value !== 'string') throw unfit(value, 'a String');
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw unfit(value, 'a Boolean');
      return value;
    case 'integer':
    case 'long':
      if (!Number.isSafeInteger(value)) throw unfit(value, 'an Integer');
      return value;
    case 'double':
      if (typeof value !== 'number') throw unfit(value, 'a Double');
      return value;
    case 'timestamp':
      throw new Error('no request has a timestamp as a value');
  }
}

function unfit(value: unknown, wanted: string) {
  return apiError('MalformedInput', `${tokenOf(value)} can not be converted to ${wanted}`);
}

/** What AWS's parser calls it. */
function tokenOf(value: unknown): string {
  if (value === null) return 'NULL_VALUE';
  if (Array.isArray(value)) return 'START_ARRAY';
  switch (typeof value) {
    case 'string':
      return 'STRING_VALUE';
    case 'number':
      return Number.isInteger(value) ? 'NUMBER_VALUE' : 'DECIMAL_VALUE';
    case 'boolean':
      return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
    default:
      return 'START_OBJECT';
  }
}

/** The object of a response, by its shape. */
export function writeJson(service: ServiceName, name: string, value: object): string {
  return JSON.stringify(jsonOf(service, name, value));
}

function jsonOf(service: ServiceName, name: string, value: unknown): unknown {
  const shape = shapeIn(service, name);
  switch (shape.type) {
    case 'structure': {
      const members = value as Members;
      const pairs = bodyMembers(shape).flatMap(([member, { shape: of }]) =>
        members[member] === undefined ? [] : [[member, jsonOf(service, of, members[member])] as const],
      );
      return Object.fromEntries(pairs);
    }
    case 'list':
      return (value as readonly unknown[]).map((item) => jsonOf(service, shape.member!.shape, item));
    case 'timestamp':
      // Seconds since 1970 are what both JSON protocols have.
      return (value as number) / 1000;
    default:
      return value;
  }
}
