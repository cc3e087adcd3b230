import { isoFromWall } from '../../telemetry/text.ts';
import { type ApiError, apiError } from './errors.ts';
import { type Member, type Shape, shapeIn } from './model.ts';
import { type Element, escapeXml } from './xml.ts';

/** Of every element in both directions. */
export const ROUTE53_NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/';

const service = 'route53';

/** Ids that stand in paths, which clients write with or without what the path says before them. */
const ID_SHAPES = new Set(['ResourceId', 'ChangeId', 'TagResourceId']);

/** A zone's, change's or delegation set's id without its prefix; other texts as they are. */
export function bareId(shape: string, text: string): string {
  return ID_SHAPES.has(shape) ? text.replace(/^\/?(hostedzone|change|delegationset)\//, '') : text;
}

/** What is in the body by a shape of the model; members that stand elsewhere are left out. */
export function bodyMembers(shape: Shape): [string, Member][] {
  return Object.entries(shape.members ?? {}).filter(([, { location }]) => location === undefined);
}

/**
 * The members of a request that its XML document holds. Elements may stand in any order, with the namespace or
 * without, as clients send them. Throws ApiError InvalidInput for what the model does not know.
 */
export function readXml(name: string, root: Element): Record<string, unknown> {
  if (root.name !== name) throw invalid(`cvc-elt.1: Cannot find the declaration of element '${root.name}'.`);
  if (root.namespace !== '' && root.namespace !== ROUTE53_NAMESPACE)
    throw invalid(`cvc-elt.1: Cannot find the declaration of element '${root.name}' in ${root.namespace}.`);
  return readStructure(shapeIn(service, name), root);
}

function readStructure(shape: Shape, element: Element): Record<string, unknown> {
  const members = bodyMembers(shape);
  const read: Record<string, unknown> = Object.create(null);
  refuseText(element);
  for (const child of element.children) {
    const found = members.find(([member]) => member === child.name);
    if (found === undefined || read[child.name] !== undefined) throw unexpected(child, members);
    read[child.name] = readValue(found[1].shape, child);
  }
  return read;
}

function readValue(name: string, element: Element): unknown {
  const shape = shapeIn(service, name);
  switch (shape.type) {
    case 'structure':
      return readStructure(shape, element);
    case 'list': {
      const member: Member = shape.member!;
      const item = member.locationName ?? 'member';
      refuseText(element);
      return element.children.map((child) => {
        if (child.name !== item) throw unexpected(child, [[item, member]]);
        return readValue(member.shape, child);
      });
    }
    default:
      if (element.children.length > 0)
        throw invalid(
          `cvc-type.3.1.2: Element '${element.name}' is a simple type, so it must have no element information item [children].`,
        );
      return shape.type === 'string' ? bareId(name, element.text) : readScalar(shape.type, element.text);
  }
}

function readScalar(type: Shape['type'], text: string): unknown {
  const bare = text.trim();
  switch (type) {
    case 'boolean':
      if (bare === 'true' || bare === '1') return true;
      if (bare === 'false' || bare === '0') return false;
      break;
    case 'integer':
    case 'long':
      if (/^[+-]?\d{1,15}$/.test(bare)) return Number(bare);
      break;
    case 'double':
      if (/^[+-]?\d{1,15}(\.\d{0,15})?([eE][+-]?\d{1,2})?$/.test(bare)) return Number(bare);
      break;
    default:
      throw new Error(`no request has a ${type} as a value`);
  }
  throw invalid(`cvc-datatype-valid.1.2.1: '${bare.slice(0, 100)}' is not a valid value for '${type}'.`);
}

function refuseText({ name, text }: Element): void {
  if (text.trim() === '') return;
  throw invalid(
    `cvc-complex-type.2.3: Element '${name}' cannot have character [children], because the type's content type is element-only.`,
  );
}

function unexpected({ name }: Element, members: readonly (readonly [string, Member])[]): ApiError {
  const known = members.map(([member]) => `"${ROUTE53_NAMESPACE}":${member}`).join(', ');
  return invalid(
    `cvc-complex-type.2.4.a: Invalid content was found starting with element '${name}'. One of '{${known}}' is expected.`,
  );
}

function invalid(fault: string): ApiError {
  return apiError('InvalidInput', `Invalid XML ; ${fault}`);
}

/** The document of a response; members in the order of the model, unset ones left out. */
export function writeXml(name: string, value: object): string {
  const body = writeMembers(shapeIn(service, name), value as Readonly<Record<string, unknown>>);
  return `<?xml version="1.0"?>\n<${name} xmlns="${ROUTE53_NAMESPACE}">${body}</${name}>`;
}

function writeMembers(shape: Shape, value: Readonly<Record<string, unknown>>): string {
  return bodyMembers(shape)
    .map(([name, { shape: of }]) => (value[name] === undefined ? '' : writeElement(name, of, value[name])))
    .join('');
}

function writeElement(name: string, of: string, value: unknown): string {
  return `<${name}>${writeValue(of, value)}</${name}>`;
}

function writeValue(name: string, value: unknown): string {
  const shape = shapeIn(service, name);
  switch (shape.type) {
    case 'structure':
      return writeMembers(shape, value as Readonly<Record<string, unknown>>);
    case 'list': {
      const { shape: of, locationName = 'member' } = shape.member!;
      return (value as readonly unknown[]).map((item) => writeElement(locationName, of, item)).join('');
    }
    case 'timestamp':
      return isoFromWall(value as number);
    default:
      return escapeXml(String(value));
  }
}
