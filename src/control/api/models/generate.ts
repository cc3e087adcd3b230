/**
 * Makes `models.json` and the types beside it from the models that AWS publishes with botocore (Apache-2.0), without
 * their prose: `npm run api-models -- FOLDER`, where FOLDER holds the `service-2.json` files under the names below.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Member, Operation, Service, ServiceName, Shape } from '../model.ts';

const FILES: Readonly<Record<ServiceName, string>> = {
  route53: 'route53-2013-04-01.json',
  route53resolver: 'route53resolver-2018-04-01.json',
  route53profiles: 'route53profiles-2018-05-10.json',
};

/** What of a botocore model is read. */
interface Published {
  readonly metadata: { readonly protocol: Service['protocol']; readonly targetPrefix?: string };
  readonly operations: Readonly<Record<string, PublishedOperation>>;
  readonly shapes: Readonly<Record<string, PublishedShape>>;
}
interface PublishedOperation {
  readonly http: { readonly method: string; readonly requestUri: string; readonly responseCode?: number };
  readonly input: { readonly shape: string };
  readonly output: { readonly shape: string };
}
type PublishedShape = Shape & { readonly error?: { readonly httpStatusCode: number } };

function operationOf({ http, input, output }: PublishedOperation): Operation {
  const { method, requestUri: path, responseCode: status = 200 } = http;
  return { method, path, status, input: input.shape, output: output.shape };
}

/** Only what the codec and the checks need. */
function shapeOf(shape: PublishedShape): Shape {
  const { type, required, members, member, key, value, min, max, pattern, enum: words, exception } = shape;
  return {
    type,
    ...(required === undefined ? {} : { required }),
    ...(members === undefined
      ? {}
      : { members: Object.fromEntries(Object.entries(members).map(([name, of]) => [name, memberOf(of)])) }),
    ...(member === undefined ? {} : { member: memberOf(member) }),
    ...(key === undefined ? {} : { key: memberOf(key) }),
    ...(value === undefined ? {} : { value: memberOf(value) }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(words === undefined ? {} : { enum: words }),
    ...(exception === undefined ? {} : { exception: true as const }),
    ...(shape.error === undefined ? {} : { status: shape.error.httpStatusCode }),
  };
}

function memberOf({ shape, location, locationName }: Member): Member {
  return {
    shape,
    ...(location === undefined ? {} : { location }),
    ...(locationName === undefined ? {} : { locationName }),
  };
}

function serviceOf({ metadata, operations, shapes }: Published): Service {
  return {
    protocol: metadata.protocol,
    ...(metadata.targetPrefix === undefined ? {} : { targetPrefix: metadata.targetPrefix }),
    operations: mapped(operations, operationOf),
    shapes: mapped(shapes, shapeOf),
  };
}

function mapped<A, B>(of: Readonly<Record<string, A>>, change: (each: A) => B): Record<string, B> {
  return Object.fromEntries(
    Object.keys(of)
      .sort()
      .map((name) => [name, change(of[name]!)]),
  );
}

/** One operation and one shape a line: what a new model changes can be read in a diff. */
function jsonText(services: Readonly<Record<ServiceName, Service>>): string {
  const lines = (of: Readonly<Record<string, unknown>>): string =>
    Object.entries(of)
      .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      .join(',\n');
  const parts = Object.entries(services).map(([name, { operations, shapes, ...rest }]) => {
    const head = JSON.stringify(rest).slice(0, -1);
    return `${JSON.stringify(name)}:${head},"operations":{\n${lines(operations)}},\n"shapes":{\n${lines(shapes)}}}`;
  });
  return `{${parts.join(',\n')}}\n`;
}

/** The shapes as types, for handlers. Times are milliseconds since 1970. */
function typesText({ operations, shapes }: Service): string {
  const typed = Object.entries(shapes).flatMap(([name, shape]) =>
    shape.exception ? [] : typeOf(name, shape),
  );
  const rows = Object.entries(operations).map(
    ([name, { input, output }]) => `  ${name}: { input: ${input}; output: ${output} };`,
  );
  const errors = Object.entries(shapes).flatMap(([name, { exception }]) => (exception ? [`'${name}'`] : []));
  return [
    '/** Made by generate.ts from the model that AWS publishes; not edited by hand. */\n',
    ...typed,
    `export interface Operations {\n${rows.join('\n')}\n}\n`,
    `export type ErrorCode = ${errors.join(' | ')};\n`,
  ].join('\n');
}

function typeOf(name: string, shape: Shape): string {
  const text = typeText(shape);
  return text.startsWith('{') ? `export interface ${name} ${text}\n` : `export type ${name} = ${text};\n`;
}

/** Required by the model, and left out by Route 53 where it would be empty: of a first page. */
const SOMETIMES = new Set(['Marker']);

function typeText(shape: Shape): string {
  switch (shape.type) {
    case 'string':
      return shape.enum === undefined ? 'string' : shape.enum.map((word) => `'${word}'`).join(' | ');
    case 'boolean':
      return 'boolean';
    case 'integer':
    case 'long':
    case 'double':
    case 'timestamp':
      return 'number';
    case 'list':
      return `readonly ${shape.member!.shape}[]`;
    case 'map':
      return `Readonly<Record<${shape.key!.shape}, ${shape.value!.shape}>>`;
    case 'structure': {
      const rows = Object.entries(shape.members ?? {}).map(([member, { shape: of }]) =>
        shape.required?.includes(member) && !SOMETIMES.has(member)
          ? `readonly ${member}: ${of};`
          : `readonly ${member}?: ${of} | undefined;`,
      );
      return rows.length === 0 ? 'Readonly<Record<string, never>>' : `{\n${rows.join('\n')}\n}`;
    }
  }
}

if (import.meta.main) {
  const from = process.argv[2];
  if (from === undefined) throw new Error('name the folder with the models');
  const read = (file: string): Service =>
    serviceOf(JSON.parse(readFileSync(join(from, file), 'utf8')) as Published);
  const services = {
    route53: read(FILES.route53),
    route53resolver: read(FILES.route53resolver),
    route53profiles: read(FILES.route53profiles),
  };
  const here = import.meta.dirname;
  writeFileSync(join(here, 'models.json'), jsonText(services));
  for (const [name, service] of Object.entries(services))
    writeFileSync(join(here, `${name}.ts`), typesText(service));
}
