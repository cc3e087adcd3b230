import { posix } from 'node:path';
import type { Files } from '../../../src/control/config/files.ts';
import { type Config, type Loaded, loadConfig } from '../../../src/control/config/load.ts';
import type { ConfigProblem } from '../../../src/control/config/problem.ts';

/** A folder in memory; a value `→ path` is a symbolic link. */
export function filesOf(contents: Record<string, string | Uint8Array>): Files {
  const fault = (code: string): Error => Object.assign(new Error(code), { code });
  const realpath = (path: string, depth = 0): string => {
    const full = posix.resolve('/etc/causeway', path);
    const content = contents[full];
    if (depth > 8) throw fault('ELOOP');
    if (typeof content === 'string' && content.startsWith('→ '))
      return realpath(posix.resolve(posix.dirname(full), content.slice(2)), depth + 1);
    const isFolder = Object.keys(contents).some((each) => each.startsWith(`${full}/`));
    if (content === undefined && !isFolder) throw fault('ENOENT');
    return full;
  };
  return {
    realpath: (path) => realpath(path),
    mode: () => 0o600,
    list(path) {
      const folder = `${realpath(path)}/`;
      if (contents[folder.slice(0, -1)] !== undefined) throw fault('ENOTDIR');
      const below = Object.keys(contents).filter((each) => each.startsWith(folder));
      return [...new Set(below.map((each) => each.slice(folder.length).split('/')[0]!))];
    },
    read(path) {
      const content = contents[realpath(path)];
      if (content === undefined) throw fault('EISDIR');
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    },
  };
}

export const FILE = '/etc/causeway/causeway.yaml';

/** Loads a text as the configuration, with other files beside it. */
export function load(text: string | Uint8Array, others: Record<string, string> = {}): Loaded {
  return loadConfig(FILE, filesOf({ [FILE]: text, ...others }));
}

/** The configuration of a text that has to be right. */
export function good(text: string, others: Record<string, string> = {}): Config {
  const loaded = load(text, others);
  if (loaded.config === undefined) throw new Error(loaded.errors.map(shortly).join('\n'));
  return loaded.config;
}

/** `2:7 vpcs[0].id: message; remedy` */
export function shortly({ line, column, path, message, remedy }: ConfigProblem): string {
  return `${line}:${column} ${path}: ${message}; ${remedy}`;
}

export function errorsOf(text: string | Uint8Array, others: Record<string, string> = {}): string[] {
  return (load(text, others).errors ?? []).map(shortly);
}

export function warningsOf(text: string): string[] {
  return load(text).warnings.map(shortly);
}

/** One VPC, endpoints and whatever follows: most tests are about one section. */
export const BASE = `vpcs:
  - { id: vpc-a, cidrs: [10.1.0.0/16] }
  - { id: vpc-b, cidrs: [10.2.0.0/16] }
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:5353"] }]
  outbound: [{ id: out-1, source: [] }, { id: out-4, source: [10.1.0.1] }]
`;
