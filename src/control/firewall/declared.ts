import { createHash } from 'node:crypto';
import type { FirewallAction } from '../../policy/firewall.ts';
import { unreachable } from '../../util/assert.ts';
import { confine, type Files, fileFault } from '../config/files.ts';
import type { FirewallConfig, FirewallRuleConfig } from '../config/firewall.ts';
import { type ConfigProblem, type Path, SettingError } from '../config/problem.ts';
import type { VpcConfig } from '../config/vpcs.ts';
import { DOMAIN_REMEDY, readDomain } from './domain.ts';
import type { DomainList, FirewallPolicy, RankedRule } from './policy.ts';

/** Domains of one list; more are hardly a list of domains. */
export const LIST_DOMAINS_MAX = 2_000_000;
/** Problems that are told of one file: one that is no list has one in every line. */
const PROBLEMS_MAX = 20;

/** Where lists are read from. */
export interface ListFiles {
  readonly files: Files;
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly pathOf: (path: string) => string;
  readonly problemAt: (path: Path, message: string, remedy: string) => ConfigProblem;
}

/** What the configuration declares, with all lists read. `problems`: what is wrong with their files. */
export function declaredFirewall(
  { firewall, vpcs }: { readonly firewall: FirewallConfig; readonly vpcs: readonly VpcConfig[] },
  from: ListFiles,
): { policy: FirewallPolicy; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const lists = firewall.lists.map(({ id, file, domains = [] }, i): DomainList => {
    if (file === undefined) return listOf(id, [...new Set(domains)]);
    const read = readList(file, ['firewall', 'lists', i, 'file'], from);
    problems.push(...read.problems);
    return listOf(id, read.domains);
  });
  const policy: FirewallPolicy = {
    lists,
    groups: firewall.groups.map(({ id, rules }) => ({ id, rules: rules.map(asRule) })),
    associations: vpcs.flatMap((vpc) =>
      vpc.firewall.groups.map(({ group, priority }) => ({
        id: `${group}@${vpc.id}`,
        group,
        vpc: vpc.id,
        priority,
      })),
    ),
    failOpen: new Set(vpcs.filter((vpc) => vpc.firewall.failOpen).map(({ id }) => id)),
  };
  return { policy, problems };
}

function listOf(id: string, domains: readonly string[]): DomainList {
  const version = createHash('sha256').update(domains.join('\n')).digest('base64');
  return { id, version, domains: () => domains };
}

function asRule({ priority, list, qtype, redirection, ...rest }: FirewallRuleConfig): RankedRule {
  return { priority, list, qtype, redirection, action: asAction(rest) };
}

type Answer = Pick<FirewallRuleConfig, 'action' | 'response' | 'override'>;

function asAction({ action, response = 'nodata', override }: Answer): FirewallAction {
  switch (action) {
    case 'allow':
    case 'alert':
      return { kind: action };
    case 'block':
      return response === 'override'
        ? { kind: 'block', response, target: override!.domain, ttl: Math.floor(override!.ttl / 1000) }
        : { kind: 'block', response };
    default:
      return unreachable(action);
  }
}

/** The domains of a file, each once. */
function readList(
  file: string,
  path: Path,
  { files, folder, pathOf, problemAt }: ListFiles,
): { domains: string[]; problems: ConfigProblem[] } {
  let text: string;
  try {
    text = new TextDecoder().decode(files.read(confine(files, folder, pathOf(file))));
  } catch (error) {
    const { message, remedy } = error instanceof SettingError ? error : fileFault(error);
    return { domains: [], problems: [problemAt(path, `${file}: ${message}`, remedy)] };
  }
  const domains = new Set<string>();
  const problems: ConfigProblem[] = [];
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    const words = line.replace(/#.*/, '').trim();
    if (words === '') continue;
    const domain = readDomain(words);
    if (domain !== undefined) domains.add(domain);
    else if (problems.length < PROBLEMS_MAX)
      problems.push({
        file,
        line: number,
        column: 1 + line.search(/\S/),
        path: '',
        message: `"${words.slice(0, 80)}" is not a domain of a list`,
        remedy: DOMAIN_REMEDY,
      });
  }
  if (domains.size > LIST_DOMAINS_MAX)
    problems.push(problemAt(path, `${file} has ${domains.size} domains`, `at most ${LIST_DOMAINS_MAX}`));
  return { domains: [...domains], problems };
}
