import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Node } from 'yaml';
import type { ForwardTarget, TlsPeer } from '../../resolver/path.ts';
import type { Credentials } from '../../view/snapshot.ts';
import type { Name } from '../../wire/name.ts';
import { declaredFirewall } from '../firewall/declared.ts';
import type { FirewallPolicy } from '../firewall/policy.ts';
import { crossCheck } from './check/check.ts';
import { type Draft, derivedDelegateId, derivedId } from './check/context.ts';
import { ConfigDocument } from './document.ts';
import { DropIns } from './dropins.ts';
import type { EndpointsConfig } from './endpoints.ts';
import { type Files, fileFault, systemFiles } from './files.ts';
import { logFileProblems } from './logfiles.ts';
import type { NodeConfig } from './node.ts';
import { type ConfigProblem, type Path, SettingError, sortProblems } from './problem.ts';
import { readNode } from './read.ts';
import type { RecordSetConfig } from './recordsets.ts';
import type { RuleConfig } from './rules.ts';
import { type ConfigFile, configSchema } from './schema.ts';
import { Authorities, forwardTarget, type TargetConfig } from './targets.ts';
import { readTls } from './tls.ts';
import { PUBLIC, type ZoneConfig } from './zones.ts';

/** What of a configuration file stands in other files, and what it takes to read them. */
export interface FileEntries {
  /** As it was given; problems name it so. */
  readonly file: string;
  /** The folder of the file, absolute and without symbolic links: zone files lie in it. */
  readonly folder: string;
  /** By index in the file; undefined where the entry does not tell what the zone is. */
  readonly zones: readonly (ZoneEntry | undefined)[];
  readonly root: RootEntries;
  readonly resources: ResourceNames;
  readonly files: Files;
  /** A problem with the value at `path`. */
  problemAt(path: Path, message: string, remedy: string): ConfigProblem;
  /** A problem at a line and column, both from 1, of the text that is the value at `path`. */
  problemInText(path: Path, line: number, column: number, message: string): ConfigProblem;
}

/** What the image of a zone is made of; `file`, `records` or both are there. Its id may be missing with its VPCs. */
export type ZoneEntry = Pick<ZoneConfig, 'name' | 'ttl' | 'file'> & {
  readonly id: string;
  readonly apex: ApexSource;
  /** By index in the list; undefined for a set with an error. */
  readonly records?: string | readonly (RecordSetConfig | undefined)[] | undefined;
};

/** What record sets may name. */
export interface ResourceNames {
  readonly healthChecks: readonly string[];
  /** `locations`: undefined where one of them could not be read. */
  readonly cidrCollections: readonly {
    readonly id: string;
    readonly locations: readonly string[] | undefined;
  }[];
  /** The lists of which an id could not be read: it may be any that is named. */
  readonly unread: readonly ('healthChecks' | 'cidrCollections')[];
}

/**
 * Where SOA and NS of a zone come from: they are its own, or, where it has none, those of Route 53's private zones, or
 * made of the names of a delegation set.
 */
export type ApexSource = 'own' | 'private' | readonly Name[];

/** Where recursion begins and what it trusts; undefined: the files that come with the program. */
export interface RootEntries {
  readonly hints: string | undefined;
  /** By index in the file, where they are a list; undefined for one that is no path. */
  readonly anchors: string | readonly (string | undefined)[] | undefined;
  readonly localRoot: string | undefined;
  /** What is signed by RSA with SHA-1 only may be an anchor. */
  readonly sha1: boolean;
}

/** A rule that stands at a name. */
export type Rule = Omit<RuleConfig, 'targets'> & {
  readonly id: string;
  readonly targets?: readonly ForwardTarget[];
  readonly type: Exclude<RuleConfig['type'], 'delegate'>;
  readonly domain: Name;
};

export interface DelegateRule extends Pick<RuleConfig, 'outbound' | 'vpcs'> {
  readonly id: string;
  readonly delegationRecord: Name;
}

/** A configuration file that is right in itself; zone files, hints and anchors are not yet read. Durations are in milliseconds. */
export interface Config extends FileEntries {
  /** Absolute. */
  readonly stateFolder: string;
  readonly node: NodeConfig;
  readonly cookies: { readonly current: Uint8Array; readonly previous: Uint8Array | undefined } | undefined;
  readonly recursion: ConfigFile['recursion'];
  readonly vpcs: ConfigFile['vpcs'];
  readonly endpoints: EndpointsConfig;
  readonly delegationSets: ConfigFile['delegationSets'];
  readonly geo: ConfigFile['geo'];
  readonly cidrCollections: ConfigFile['cidrCollections'];
  readonly logs: ConfigFile['logs'];
  readonly traces?: ConfigFile['traces'];
  readonly api?: ConfigFile['api'];
  /** What `api.tls` names; undefined without it. */
  readonly apiCredentials: Credentials | undefined;
  readonly accounts: ConfigFile['accounts'];
  /** Domains for the search list of this host, which files of `node.rulesFolder` name. */
  readonly search: readonly string[];
  readonly rules: readonly Rule[];
  readonly delegates: readonly DelegateRule[];
  readonly zones: readonly (ZoneConfig & Pick<ZoneEntry, 'id' | 'apex'>)[];
  readonly firewall: FirewallPolicy;
  readonly healthChecks: ConfigFile['healthChecks'];
  readonly routingControls: ConfigFile['routingControls'];
  readonly safetyRules: ConfigFile['safetyRules'];
}

export type Loaded =
  | { readonly config: Config; readonly errors?: undefined; readonly warnings: readonly ConfigProblem[] }
  | {
      readonly config?: undefined;
      readonly errors: readonly ConfigProblem[];
      readonly warnings: readonly ConfigProblem[];
      /** The files may have errors of their own, which are to be told too; undefined where there is no reading them. */
      readonly entries?: FileEntries;
    };

/**
 * Reads and checks the configuration at `path`, but none of the files that it names. It tells all errors at once and never throws
 * because of the file.
 */
export function loadConfig(path: string, files: Files = systemFiles): Loaded {
  let octets: Uint8Array;
  let folder: string;
  try {
    octets = files.read(path);
    folder = files.realpath(dirname(resolve(path)));
  } catch (error) {
    return { errors: [{ file: path, line: 1, column: 1, path: '', ...fileFault(error) }], warnings: [] };
  }
  const document = new ConfigDocument(octets, path);
  if (!document.readable) return { errors: sortProblems(document.problems), warnings: [] };
  const dropins = new DropIns(document, readDraft(document), folder, files);
  const { draft } = dropins;
  const { errors, warnings } = crossCheck(dropins, draft);
  warnings.push(...dropins.warnings);
  const problemAt: Config['problemAt'] = (at, message, remedy) => dropins.problemAt(at, message, remedy);
  const problemInText: Config['problemInText'] = (at, line, column, message) =>
    document.problemInText(at, line, column, message);
  const place = {
    file: path,
    folder,
    files,
    problemAt,
    problemInText,
    resources: resourceNames(draft),
  };
  const secretFile = draft.node?.cookies?.secretFile;
  const cookies = secretFile === undefined ? undefined : readCookieSecrets(folder, secretFile, files);
  if (cookies !== undefined && 'message' in cookies)
    errors.push(problemAt(['node', 'cookies', 'secretFile'], cookies.message, cookies.remedy));
  const credentialsOf = (tls: DraftTls, at: Path): Credentials | undefined =>
    tls?.certificate === undefined || tls.key === undefined
      ? undefined
      : readTls({
          files,
          certificate: pathIn(folder, tls.certificate),
          key: pathIn(folder, tls.key),
          error: (member, ...said) => void errors.push(problemAt([...at, 'tls', member], ...said)),
          warn: (member, ...said) => void warnings.push(problemAt([...at, 'tls', member], ...said)),
        });
  const apiCredentials = credentialsOf(draft.api?.tls, ['api']);
  const credentials = draft.endpoints?.inbound?.map((endpoint, i) =>
    credentialsOf(endpoint?.tls, ['endpoints', 'inbound', i]),
  );
  const madeCredentials = credentialsOf(draft.endpoints?.api?.tls, ['endpoints', 'api']);
  const authorities = readAuthorities({ files, folder, problemAt }, draft, errors);
  const all = [...document.problems, ...dropins.problems, ...errors];
  if (all.length > 0) {
    const entries = { ...place, zones: readableZones(document, draft), root: rootEntries(draft) };
    return { errors: sortProblems(all), warnings: sortProblems(warnings), entries };
  }
  // Without errors there are no holes in the draft.
  const file = draft as ConfigFile;
  const { policy: firewall, problems } = declaredFirewall(file, {
    files,
    folder,
    pathOf: (each) => pathIn(folder, each),
    problemAt,
  });
  const stateFolder = resolve(folder, file.node.state);
  problems.push(...logFileProblems(file.logs, { files, file: path, stateFolder, problemAt }));
  if (problems.length > 0) {
    const entries = { ...place, zones: readableZones(document, draft), root: rootEntries(draft) };
    return { errors: sortProblems(problems), warnings: sortProblems(warnings), entries };
  }
  const config: Config = {
    ...file,
    firewall,
    ...place,
    stateFolder,
    cookies: cookies as Config['cookies'],
    apiCredentials,
    endpoints: {
      ...file.endpoints,
      inbound: file.endpoints.inbound.map((each, i) => withCredentials(each, credentials?.[i])),
      api: withCredentials(file.endpoints.api, madeCredentials),
    },
    root: rootEntries(draft),
    search: dropins.search,
    rules: file.rules.flatMap((rule) => asRule(rule, authorities)),
    delegates: file.rules.flatMap(asDelegate),
    zones: file.zones.map((zone) => ({
      ...zone,
      id: zone.id ?? derivedId(zone.name, zone.vpcs ?? [PUBLIC]),
      apex: apexOf(draft, zone, zone.vpcs === undefined),
    })),
  };
  return { config, warnings: sortProblems(warnings) };
}

function withCredentials<Settings>(
  settings: Settings,
  credentials: Credentials | undefined,
): Settings & { readonly credentials?: Credentials } {
  return { ...settings, ...(credentials === undefined ? {} : { credentials }) };
}

type DraftTls = NonNullable<Draft['api']>['tls'];

/** An empty file is a configuration in which everything has its default. */
function readDraft(document: ConfigDocument): Draft {
  if (document.root === null) return configSchema.parse({}) as Draft;
  return (readNode(document, configSchema, document.root as Node, []) ?? {}) as Draft;
}

/** What `ca` of a target names, by that. */
type Trusted = ReadonlyMap<string, TlsPeer['ca']>;

/** Reads the files of certificates that targets name. */
function readAuthorities(
  { files, folder, problemAt }: Pick<FileEntries, 'files' | 'folder' | 'problemAt'>,
  { rules }: Draft,
  errors: ConfigProblem[],
): Trusted {
  const authorities = new Authorities(files);
  const read = new Map<string, TlsPeer['ca']>();
  rules?.forEach((rule, i) => {
    rule?.targets?.forEach((target, j) => {
      if (target === undefined || !('ca' in target) || target.ca === undefined) return;
      try {
        read.set(target.ca, authorities.of(pathIn(folder, target.ca)));
      } catch (error) {
        if (!(error instanceof SettingError)) throw error;
        errors.push(problemAt(['rules', i, 'targets', j, 'ca'], error.message, error.remedy ?? ''));
      }
    });
  });
  return read;
}

function asRule({ targets, ...rule }: RuleConfig, trusted: Trusted): Rule[] {
  const { type, domain } = rule;
  if (type === 'delegate' || domain === undefined) return [];
  const caOf = (target: TargetConfig): TlsPeer['ca'] =>
    target.protocol === 'do53' || target.ca === undefined ? undefined : trusted.get(target.ca);
  const asked = targets?.map((target) => forwardTarget(target, caOf(target)));
  const id = rule.id ?? derivedId(domain, rule.vpcs);
  return [{ ...rule, type, domain, id, ...(asked === undefined ? {} : { targets: asked }) }];
}

function asDelegate({ id, delegationRecord, outbound, vpcs }: RuleConfig): DelegateRule[] {
  if (delegationRecord === undefined) return [];
  return [{ id: id ?? derivedDelegateId(delegationRecord, vpcs), delegationRecord, outbound, vpcs }];
}

function resourceNames({ healthChecks, cidrCollections }: Draft): ResourceNames {
  const checks = (healthChecks ?? [undefined]).map((check) => check?.id);
  const collections = cidrCollections ?? [undefined];
  return {
    healthChecks: checks.flatMap((id) => id ?? []),
    cidrCollections: collections.flatMap((collection) =>
      collection?.id === undefined
        ? []
        : { id: collection.id, locations: allNames(collection.locations ?? [undefined]) },
    ),
    unread: [
      ...(checks.includes(undefined) ? (['healthChecks'] as const) : []),
      ...(collections.some((each) => each?.id === undefined) ? (['cidrCollections'] as const) : []),
    ],
  };
}

function allNames(
  list: readonly ({ readonly name?: string | undefined } | undefined)[],
): string[] | undefined {
  const names = list.flatMap((each) => each?.name ?? []);
  return names.length === list.length ? names : undefined;
}

function rootEntries({ recursion }: Draft): RootEntries {
  return {
    hints: recursion?.hints,
    anchors: recursion?.anchors,
    localRoot: recursion?.localRoot,
    sha1: recursion?.sha1 ?? false,
  };
}

/** Whatever else is wrong with an entry: its records can be read where it says what they are called and where they are. */
function readableZones(document: ConfigDocument, draft: Draft): (ZoneEntry | undefined)[] {
  return (draft.zones ?? []).map((zone, i) => {
    if (zone?.name === undefined || zone.ttl === undefined) return undefined;
    const { name, ttl, file } = zone;
    if (file === undefined && document.has(['zones', i, 'file'])) return undefined;
    const records = readableRecords(document, zone.records, ['zones', i, 'records']);
    if ((file ?? records) === undefined) return undefined;
    const isPublic = !document.has(['zones', i, 'vpcs']);
    const id = zone.id ?? derivedId(name, zone.vpcs ?? (isPublic ? [PUBLIC] : []));
    return { id, name, ttl, file, records, apex: apexOf(draft, zone, isPublic) };
  });
}

type DraftRecords = NonNullable<NonNullable<Draft['zones']>[number]>['records'];

function readableRecords(document: ConfigDocument, records: DraftRecords, path: Path): ZoneEntry['records'] {
  if (!Array.isArray(records)) return records as string | undefined;
  const faulty = document.faultyItems(path);
  return records.map((set, i) => (faulty.has(i) ? undefined : (set as RecordSetConfig | undefined)));
}

function apexOf(
  { delegationSets = [] }: Draft,
  {
    delegationSet,
    file,
  }: { readonly delegationSet?: string | undefined; readonly file?: string | undefined },
  isPublic: boolean,
): ApexSource {
  if (!isPublic) return file === undefined ? 'private' : 'own';
  if (delegationSet === undefined) return 'own';
  const set = delegationSets.find((each) => each?.id === delegationSet);
  const names = set?.nameServers?.flatMap((name) => name ?? []) ?? [];
  // There is no such set, which is told: its zones are not blamed for it.
  return names.length === 0 ? 'private' : names;
}

/** A path in the file, relative to the folder of the file. */
export function pathIn(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** Of SipHash-2-4 (RFC 9018 section 4.4). */
const COOKIE_SECRET_OCTETS = 16;

function readCookieSecrets(
  folder: string,
  path: string,
  files: Files,
): NonNullable<Config['cookies']> | { message: string; remedy: string } {
  let text: string;
  try {
    text = new TextDecoder().decode(files.read(pathIn(folder, path)));
  } catch (error) {
    return fileFault(error);
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const secrets = lines.map((line) => Uint8Array.from(Buffer.from(line.trim(), 'hex')));
  const [current, previous] = secrets;
  if (
    current !== undefined &&
    lines.length <= 2 &&
    lines.every((line) => /^[0-9a-f]{32}$/i.test(line.trim()))
  )
    return { current, previous };
  return {
    message: `${path} holds no cookie secret`,
    remedy: `write one or two lines of ${2 * COOKIE_SECRET_OCTETS} hexadecimal digits, as of openssl rand -hex ${COOKIE_SECRET_OCTETS}`,
  };
}
