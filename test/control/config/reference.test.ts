/** The reference and the JSON Schema are made from the schemas: they are current, complete, and their examples right. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import * as z from 'zod';
import {
  entriesOf,
  exampleOf,
  jsonSchemaText,
  referenceText,
} from '../../../src/control/config/reference.ts';
import { chapters } from '../../../src/control/config/schema.ts';
import { good } from './support.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

t.test('the files are current; if not, run npm run docs', async (t) => {
  t.ok(read('docs/configuration.md') === referenceText(), 'docs/configuration.md');
  t.ok(read('docs/causeway.schema.json') === jsonSchemaText(), 'docs/causeway.schema.json');
});

t.test('every key has words, and an example that its schema takes', async (t) => {
  for (const { key: section } of chapters) {
    const entries = entriesOf(section);
    t.ok(entries.length > 1, section);
    for (const entry of entries) {
      const where = `${section}.${entry.key}`;
      t.ok(entry.doc.description.length > 10 && entry.doc.range.length > 3, `${where} is described`);
      const value = (parse(exampleOf(entry)) as Record<string, unknown>)[entry.key.split('.').at(-1)!];
      const schema = entry.list ? z.array(entry.schema) : entry.schema;
      t.ok(schema.safeParse(value).success, `${where}: the example ${entry.doc.example} is right`);
      t.ok(
        entry.required || entry.default !== undefined || entry.doc.absent !== undefined,
        `${where} says what holds without it`,
      );
    }
  }
});

t.test('defaults of the reference are YAML that the schema takes', async (t) => {
  for (const { key: section } of chapters)
    for (const entry of entriesOf(section)) {
      if (entry.default === undefined) continue;
      const schema = entry.list ? z.array(entry.schema) : entry.schema;
      t.ok(schema.safeParse(parse(entry.default)).success, `${section}.${entry.key}: ${entry.default}`);
    }
});

t.test('the examples together are a configuration', async (t) => {
  const zone = { '/etc/causeway/zones/internal.example.zone': '', '/etc/causeway/lists/malware.txt': '' };
  const config = good(chapters.map(({ example }) => example).join(''), zone);
  t.equal(config.rules.length, 6);
  t.equal(config.delegates.length, 1);
  t.equal(config.zones.length, 4);
});

t.test('every section of the schema has a chapter', async (t) => {
  const schema = JSON.parse(jsonSchemaText()) as { properties: object; additionalProperties: boolean };
  t.same(
    Object.keys(schema.properties),
    chapters.map(({ key }) => key),
  );
  t.equal(schema.additionalProperties, false);
});
