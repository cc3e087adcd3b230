import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { chapters, configSchema } from './schema.ts';
import { docOf, innerOf, type SettingDoc } from './setting.ts';

/** A setting as the reference lists it. */
export interface Entry {
  /** From the chapter's section on: `ttl.floor`, `inbound[].listen`. */
  readonly key: string;
  readonly doc: SettingDoc;
  readonly required: boolean;
  /** As it would stand in the file; undefined where there is none. */
  readonly default: string | undefined;
  readonly list: boolean;
  /** Of the value that `doc.example` is of. */
  readonly schema: z.ZodType;
}

/** All settings of a section of the file, in the order of its schema. */
export function entriesOf(section: keyof typeof configSchema.shape): Entry[] {
  const schema = stripped(configSchema.shape[section]);
  return entriesBelow(schema instanceof z.ZodArray ? stripped(schema.element as z.ZodType) : schema, '');
}

function entriesBelow(schema: z.ZodType, prefix: string): Entry[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, child]) =>
    entriesAt(child, prefix === '' ? name : `${prefix}.${name}`),
  );
}

function entriesAt(schema: z.ZodType, key: string): Entry[] {
  const bare = stripped(schema);
  const list = bare instanceof z.ZodArray;
  const value = list ? (bare.element as z.ZodType) : bare;
  const doc = docOf(schema) ?? docOf(value);
  const own = doc === undefined ? [] : [{ key, doc, ...absence(schema), list, schema: value }];
  const union = value instanceof z.ZodUnion ? (value.options as readonly z.ZodType[]) : [value];
  return [...own, ...union.flatMap((option) => entriesOfOption(option, list ? `${key}[]` : key))];
}

/** A list may be one of the forms that a value takes. */
function entriesOfOption(option: z.ZodType, key: string): Entry[] {
  if (option instanceof z.ZodArray) return entriesBelow(option.element as z.ZodType, `${key}[]`);
  return entriesBelow(option, key);
}

/** What holds when a key is not in the file. */
function absence(schema: z.ZodType): Pick<Entry, 'required' | 'default'> {
  if (schema instanceof z.ZodOptional) return { required: false, default: undefined };
  if (!(schema instanceof z.ZodPrefault)) return { required: true, default: undefined };
  return { required: false, default: flow(schema.def.defaultValue) };
}

/** A default as YAML in one line; a mapping's is that of its keys. */
function flow(value: unknown): string | undefined {
  if (Array.isArray(value)) return `[${value.map((item) => flow(item)).join(', ')}]`;
  if (typeof value === 'object') return undefined;
  const text = String(value);
  return typeof value === 'string' && parse(text) !== value ? JSON.stringify(text) : quoteAddress(text);
}

/** Addresses that begin with a colon are text for YAML and a riddle for the reader. */
function quoteAddress(text: string): string {
  return text.startsWith(':') ? `"${text}"` : text;
}

function stripped(schema: z.ZodType): z.ZodType {
  const inner = innerOf(schema);
  return inner === undefined ? schema : stripped(inner);
}

const INTRODUCTION = `# Configuration

Made from the schemas in \`src/control/config\` by \`npm run docs\`; do not edit this page by hand.
\`docs/causeway.schema.json\` is the same as a JSON Schema, for editors.

One YAML file declares the node and its resources; \`config/causeway.yaml\` is a working example. \`causeway check
--config FILE\` reads it and everything it names, without serving, and prints every error at once: file, line, column,
what is wrong, what would be right. \`causeway reload\` or SIGHUP puts a changed file in force; where it has an error,
the running configuration stays and the daemon says so.

- The file is YAML 1.2, at most 1 MB, one document. Anchors, aliases, merge keys, tags and duplicate keys are refused,
  and so are unknown keys.
- Relative paths start at the folder of the file.
- Times are numbers with a unit: \`500ms\`, \`1.5s\`, \`5m\`, \`1h\`, \`1d\`, \`2w\`. Sizes too: \`64MB\`, \`1GB\`, where 1 MB is
  1024 × 1024 octets.
- Addresses are strict: four decimal numbers without leading zeros, or IPv6 without a zone index. Blocks have no bits
  set behind the prefix. Texts that begin with \`[\` or hold \`: \` need quotes, as in \`"[::1]:5353"\`.
- Domain names are absolute, with or without the final dot. In record sets \`name\` and \`dnsName\` follow the rule of
  zone files: without a final dot a name is relative to the zone, and \`@\` is the zone itself. Names in \`values\` are
  absolute, as in Route 53.
- A client belongs to the VPC with the longest block that holds its address. It sees that VPC's rules and zones: the
  longest name that is equal to the asked one or above it decides, over rules, private zones and autodefined zones
  together; at the same name a rule comes before a private zone, and that before an autodefined zone.
`;

/** The text of docs/configuration.md. */
export function referenceText(): string {
  const parts = chapters.map(({ key, title, text, example }) => {
    const rows = entriesOf(key).map(rowOf);
    const head = '| Key | Values | Default | What it does | Example |\n|---|---|---|---|---|';
    return `## ${title}\n\n${text}\n\n${[head, ...rows].join('\n')}\n\n\`\`\`yaml\n${example}\`\`\`\n`;
  });
  return [INTRODUCTION, ...parts].join('\n');
}

function rowOf(entry: Entry): string {
  const { doc, list } = entry;
  const cells = [
    code(entry.key),
    list ? `list of: ${doc.range}` : doc.range,
    entry.required ? 'required' : entry.default === undefined ? (doc.absent ?? 'none') : code(entry.default),
    doc.description,
    code(exampleOf(entry)),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** `policy: ordered`, `targets: [192.0.2.53]` */
export function exampleOf({ key, doc, list }: Entry): string {
  const name = key.split('.').at(-1)!;
  return `${name}: ${list ? `[${doc.example}]` : doc.example}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** The text of docs/causeway.schema.json. */
export function jsonSchemaText(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const doc = docOf(zodSchema as unknown as z.ZodType);
      if (doc === undefined) return;
      jsonSchema.description = doc.description;
      jsonSchema.examples = [parse(doc.example)];
    },
  });
  return `${JSON.stringify({ title: 'Causeway configuration', ...schema }, null, 2)}\n`;
}

if (import.meta.main) {
  const docs = join(import.meta.dirname, '../../../docs');
  writeFileSync(join(docs, 'configuration.md'), referenceText());
  writeFileSync(join(docs, 'causeway.schema.json'), jsonSchemaText());
}
