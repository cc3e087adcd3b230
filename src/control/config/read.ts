import { isMap, isScalar, isSeq, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import * as z from 'zod';
import type { Cidr } from '../../util/cidr.ts';
import { type ConfigDocument, keyOf } from './document.ts';
import { suggestion } from './nearest.ts';
import type { Path } from './problem.ts';
import { laterSection } from './schema.ts';
import { type AddressAndPort, docOf, innerOf } from './setting.ts';

/** `T` with everything left out that could not be read. */
export type Partially<T> = T extends readonly (infer E)[]
  ? (Partially<E> | undefined)[]
  : T extends Uint8Array | Cidr | AddressAndPort
    ? T
    : T extends object
      ? { [K in keyof T]?: Partially<T[K]> | undefined }
      : T;

/**
 * Reads the node at `path` as `schema` says, and goes on after each error: the document has them all afterwards,
 * and what could be read comes back. Without errors the result is what `schema.parse` would give.
 *
 * Zod alone would tell of unknown keys and wrong values too, but not where they stand, which keys are known
 * there, or what would be right.
 */
export function readNode(
  document: ConfigDocument,
  schema: z.ZodType,
  node: Node | null,
  path: Path,
): unknown {
  const inner = innerOf(schema);
  if (inner !== undefined) return readNode(document, inner, node, path);
  const object = objectOf(schema, node);
  if (object !== undefined) return readMap(document, object, node, path);
  const list = listOf(schema, node);
  if (list !== undefined) return readList(document, list, node, path);
  return readLeaf(document, schema, node, path);
}

/** The schema of a mapping: the only one, or of a union where a mapping stands in the file. */
function objectOf(schema: z.ZodType, node: Node | null): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (!(schema instanceof z.ZodUnion) || !isMap(node)) return undefined;
  return schema.options.find((option): option is z.ZodObject => option instanceof z.ZodObject);
}

/** The schema of a list: the only one, or of a union where a list stands in the file. */
function listOf(schema: z.ZodType, node: Node | null): z.ZodArray | undefined {
  if (schema instanceof z.ZodArray) return schema;
  if (!(schema instanceof z.ZodUnion) || !isSeq(node)) return undefined;
  return schema.options.find((option): option is z.ZodArray => option instanceof z.ZodArray);
}

function readMap(document: ConfigDocument, schema: z.ZodObject, node: Node | null, path: Path): unknown {
  if (!isMap(node)) {
    const keys = Object.keys(schema.shape);
    document.report(
      node,
      path,
      `${kindOf(node)} stands here`,
      `write keys and values; known here: ${keys.join(', ')}`,
    );
    return undefined;
  }
  refuseUnknownKeys(document, schema, node, path);
  const out: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const pair = node.items.findLast((item) => keyOf(item) === key);
    if (pair !== undefined) out[key] = readNode(document, child, pair.value as Node | null, [...path, key]);
    else out[key] = absent(document, child, node, [...path, key]);
    if (out[key] === undefined) delete out[key];
  }
  return out;
}

/** The default of a key that is not in the file, or an error where it must be. */
function absent(document: ConfigDocument, schema: z.ZodType, node: YAMLMap, path: Path): unknown {
  const result = schema.safeParse(undefined);
  if (result.success) return result.data;
  const key = String(path.at(-1));
  const remedy = `add it, for example ${exampleOf(schema, key)}`;
  document.report(node, path, `${key} is missing`, remedy);
  return undefined;
}

function exampleOf(schema: z.ZodType, key: string): string {
  const isList = schema instanceof z.ZodArray;
  const example = docOf(isList ? (schema.element as z.ZodType) : schema)?.example ?? '…';
  return isList ? `${key}: [${example}]` : `${key}: ${example}`;
}

function refuseUnknownKeys(document: ConfigDocument, schema: z.ZodObject, node: YAMLMap, path: Path): void {
  const known = Object.keys(schema.shape);
  for (const pair of node.items) {
    const key = keyOf(pair);
    if (key === undefined || key === '<<' || Object.hasOwn(schema.shape, key)) continue;
    const later = path.length === 0 ? laterSection(key) : undefined;
    const remedy = later === undefined ? suggestion(key, known) : 'leave it out';
    document.report(pair.key as Node, [...path, key], later ?? `unknown key "${key}"`, remedy);
  }
}

function readList(document: ConfigDocument, schema: z.ZodArray, node: Node | null, path: Path): unknown {
  if (!isSeq(node)) {
    const example = docOf(schema.element as z.ZodType)?.example;
    const remedy =
      example === undefined
        ? 'write a list: lines that begin with "- "'
        : `write a list such as [${example}]`;
    document.report(node, path, `${kindOf(node)} stands here`, remedy);
    return undefined;
  }
  checkLength(document, schema, node, path);
  return node.items.map((item, i) =>
    readNode(document, schema.element as z.ZodType, item as Node | null, [...path, i]),
  );
}

function checkLength(document: ConfigDocument, schema: z.ZodArray, node: YAMLSeq, path: Path): void {
  const { minimum, maximum } = boundsOf(schema);
  const length = node.items.length;
  if (length >= minimum && length <= maximum) return;
  const what = length === 0 ? 'the list is empty' : `the list has ${length} entries`;
  const remedy =
    maximum === Number.POSITIVE_INFINITY ? `write at least ${minimum}` : `write ${minimum} to ${maximum}`;
  document.report(node, path, what, remedy);
}

/** The fewest and the most entries. */
function boundsOf(schema: z.ZodArray): { minimum: number; maximum: number } {
  let [minimum, maximum] = [0, Number.POSITIVE_INFINITY];
  for (const check of schema.def.checks ?? []) {
    if (check instanceof z.core.$ZodCheckMinLength) minimum = check._zod.def.minimum;
    if (check instanceof z.core.$ZodCheckMaxLength) maximum = check._zod.def.maximum;
  }
  return { minimum, maximum };
}

/** Of a union the one form that is no mapping and no list, if there is one: it knows best what is wrong with a value. */
function scalarOf(schema: z.ZodType): z.ZodType {
  if (!(schema instanceof z.ZodUnion)) return schema;
  const options = schema.options as readonly z.ZodType[];
  const scalars = options.filter((each) => !(each instanceof z.ZodObject || each instanceof z.ZodArray));
  return scalars.length === 1 ? scalars[0]! : schema;
}

function readLeaf(document: ConfigDocument, schema: z.ZodType, node: Node | null, path: Path): unknown {
  const value = isScalar(node) ? node.value : undefined;
  const result = scalarOf(schema).safeParse(value);
  if (result.success && isScalar(node)) return result.data;
  const issue = result.error?.issues[0];
  document.report(node, path, messageOf(issue, node), remedyOf(schema, issue, value));
  return undefined;
}

function remedyOf(schema: z.ZodType, issue: z.core.$ZodIssue | undefined, value: unknown): string {
  const own = issue?.code === 'custom' ? issue.params?.['remedy'] : undefined;
  if (typeof own === 'string') return own;
  const isBare = typeof value === 'number' || typeof value === 'boolean';
  if (isBare && schema.safeParse(String(value)).success) return `put it in quotes: "${value}"`;
  const doc = docOf(schema);
  return doc === undefined ? '' : `write ${doc.range.replaceAll('`', '')}; for example ${doc.example}`;
}

/** In the words of the file, not of the schema library. */
function messageOf(issue: z.core.$ZodIssue | undefined, node: Node | null): string {
  if (!isScalar(node) || node.value === null || issue === undefined) return `${kindOf(node)} stands here`;
  const shown = `"${String(node.source ?? node.value)}"`;
  switch (issue.code) {
    case 'custom':
      return issue.message;
    case 'invalid_type':
      return issue.expected === 'string'
        ? `${kindOf(node)} stands here`
        : `${shown} is not ${nounOf(issue.expected)}`;
    case 'invalid_value':
      return /^(Invalid|Must)/.test(issue.message) ? `${shown} is not known here` : issue.message;
    case 'too_small':
    case 'too_big':
      return `${shown} is out of range`;
    default:
      return `${shown} is not right here`;
  }
}

function nounOf(type: string): string {
  switch (type) {
    case 'int':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    default:
      return `a ${type}`;
  }
}

function kindOf(node: Node | null): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'nothing';
  if (typeof node.value === 'string') return 'a text';
  return typeof node.value === 'number' ? 'a number' : 'true or false';
}
