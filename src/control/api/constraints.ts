import { type ServiceName, shapeIn } from './model.ts';

/** Which rule of the model a value breaks. */
export type Rule = 'required' | 'enum' | 'min-length' | 'max-length' | 'min' | 'max' | 'pattern';

export interface Violation {
  readonly rule: Rule;
  /** Members and, for items of lists, numbers from 1. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** Name of the shape whose rule it is; of `required`, that of the missing member. */
  readonly shape: string;
}

/** More are not told. */
const VIOLATIONS_MAX = 20;

/** What of `value` breaks the rules of its shape, in the order of the model; at most 20. */
export function violationsOf(service: ServiceName, shape: string, value: unknown): Violation[] {
  const found: Violation[] = [];
  visit(service, shape, value, [], found);
  return found.slice(0, VIOLATIONS_MAX);
}

function visit(
  service: ServiceName,
  name: string,
  value: unknown,
  path: Violation['path'],
  found: Violation[],
): void {
  if (found.length >= VIOLATIONS_MAX) return;
  const shape = shapeIn(service, name);
  const rule = brokenRule(service, name, value);
  if (rule !== undefined) found.push({ rule, path, value, shape: name });
  switch (shape.type) {
    case 'structure': {
      const members = value as Readonly<Record<string, unknown>>;
      for (const [member, { shape: of }] of Object.entries(shape.members ?? {})) {
        const at = [...path, member];
        if (members[member] !== undefined) visit(service, of, members[member], at, found);
        else if (shape.required?.includes(member))
          found.push({ rule: 'required', path: at, value: undefined, shape: of });
      }
      return;
    }
    case 'list':
      (value as readonly unknown[]).forEach((item, i) => {
        visit(service, shape.member!.shape, item, [...path, i + 1], found);
      });
      return;
    case 'map':
      for (const [key, of] of Object.entries(value as Readonly<Record<string, unknown>>)) {
        visit(service, shape.key!.shape, key, [...path, key], found);
        visit(service, shape.value!.shape, of, [...path, key], found);
      }
      return;
    default:
      return;
  }
}

function brokenRule(service: ServiceName, name: string, value: unknown): Rule | undefined {
  const {
    type,
    min = Number.NEGATIVE_INFINITY,
    max = Number.POSITIVE_INFINITY,
    pattern,
    enum: words,
  } = shapeIn(service, name);
  if (typeof value === 'number') return value < min ? 'min' : value > max ? 'max' : undefined;
  if (type === 'boolean' || type === 'structure') return undefined;
  const length =
    Array.isArray(value) || typeof value === 'string' ? value.length : Object.keys(value as object).length;
  if (words !== undefined && !words.includes(value as string)) return 'enum';
  if (length < min) return 'min-length';
  if (length > max) return 'max-length';
  if (pattern !== undefined && !expression(pattern).test(value as string)) return 'pattern';
  return undefined;
}

/** Java matches the whole text. The models' patterns have no nested repetition. */
function expression(pattern: string): RegExp {
  let known = expressions.get(pattern);
  if (known === undefined) {
    known = new RegExp(`^(?:${pattern})$`, 'u');
    expressions.set(pattern, known);
  }
  return known;
}
const expressions = new Map<string, RegExp>();

/** `2 validation errors detected: Value '' at 'name' failed to satisfy constraint: …; Value …` */
export function validationText(service: ServiceName, violations: readonly Violation[]): string {
  const words = violations.map((violation) => {
    const { rule, path, value } = violation;
    const shown = rule === 'required' ? valueText(value) : `'${valueText(value)}'`;
    const at = path.map((step) => (typeof step === 'number' ? `${step}.member` : lowerFirst(step))).join('.');
    return `Value ${shown} at '${at}' failed to satisfy constraint: ${constraintText(service, violation)}`;
  });
  const errors = words.length === 1 ? '1 validation error' : `${words.length} validation errors`;
  return `${errors} detected: ${words.join('; ')}`;
}

function constraintText(service: ServiceName, { rule, shape: name }: Violation): string {
  const { min, max, pattern, enum: words = [] } = shapeIn(service, name);
  switch (rule) {
    case 'required':
      return 'Member must not be null';
    case 'enum':
      return `Member must satisfy enum value set: [${words.join(', ')}]`;
    case 'min-length':
      return `Member must have length greater than or equal to ${min}`;
    case 'max-length':
      return `Member must have length less than or equal to ${max}`;
    case 'min':
      return `Member must have value greater than or equal to ${min}`;
    case 'max':
      return `Member must have value less than or equal to ${max}`;
    case 'pattern':
      return `Member must satisfy regular expression pattern: ${pattern}`;
  }
}

/** An error is no place for a megabyte that was sent. */
const SHOWN_MAX = 256;

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** What AWS's validating XML parser says of an element's content: `cvc-enumeration-valid: Value 'X' is not …` */
export function xmlFaultText(
  service: ServiceName,
  namespace: string,
  root: string,
  { rule, path, value, shape: name }: Violation,
): string {
  const { min, max, pattern, enum: words = [], member } = shapeIn(service, name);
  const shown = valueText(value);
  const facet = (of: string, limit: unknown): string =>
    `is not facet-valid with respect to ${of} '${limit}' for type '${name}'.`;
  const qualified = (element: string | undefined): string => `'{"${namespace}":${element}}'`;
  const item = member?.locationName ?? 'member';
  const incomplete = (element: unknown, expected: string): string =>
    `cvc-complex-type.2.4.b: The content of element '${element}' is not complete. One of ${qualified(expected)} is expected.`;
  switch (rule) {
    case 'required':
      return incomplete(
        path.findLast((step, i) => i < path.length - 1 && typeof step === 'string') ?? root,
        String(path.at(-1)),
      );
    case 'enum':
      return `cvc-enumeration-valid: Value '${shown}' is not facet-valid with respect to enumeration '[${words.join(', ')}]'. It must be a value from the enumeration.`;
    case 'min-length':
      if (Array.isArray(value)) return incomplete(path.at(-1), item);
      return `cvc-minLength-valid: Value '${shown}' with length = '${String(value).length}' ${facet('minLength', min)}`;
    case 'max-length':
      if (Array.isArray(value))
        return `cvc-complex-type.2.4.f: ${qualified(item)} can occur a maximum of '${max}' times in the current sequence. This limit was exceeded.`;
      return `cvc-maxLength-valid: Value '${shown}' with length = '${String(value).length}' ${facet('maxLength', max)}`;
    case 'min':
      return `cvc-minInclusive-valid: Value '${shown}' ${facet('minInclusive', min)}`;
    case 'max':
      return `cvc-maxInclusive-valid: Value '${shown}' ${facet('maxInclusive', max)}`;
    case 'pattern':
      return `cvc-pattern-valid: Value '${shown}' ${facet('pattern', pattern)}`;
  }
}
