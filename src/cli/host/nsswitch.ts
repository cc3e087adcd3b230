/** The line `hosts:` of nsswitch.conf(5): where glibc looks for a name, in which order, and when it stops. */

export interface Source {
  /** `files`, `dns`, `resolve`, `mdns4_minimal`, … */
  readonly name: string;
  /** What stands in brackets behind it, folded: `notfound=return`. */
  readonly actions: readonly string[];
}

/** What glibc does where there is no such line, or no file. */
export const HOSTS_DEFAULT: readonly Source[] = [
  { name: 'dns', actions: [] },
  { name: 'files', actions: [] },
];

export function parseHosts(text: string): readonly Source[] {
  const line = text
    .split('\n')
    .map((each) => each.replace(/#.*/, ''))
    .find((each) => /^\s*hosts\s*:/i.test(each));
  if (line === undefined) return HOSTS_DEFAULT;
  const sources: { name: string; actions: string[] }[] = [];
  for (const [, actions, name] of line.slice(line.indexOf(':') + 1).matchAll(/\[([^\]]*)\]|([^\s[\]]+)/g)) {
    if (name !== undefined) sources.push({ name, actions: [] });
    else if (actions !== undefined)
      sources.at(-1)?.actions.push(...actions.toLowerCase().split(/\s+/).filter(Boolean));
  }
  return sources;
}

/** `files → dns`, `mdns4_minimal [notfound=return] → dns` */
export function hostsText(sources: readonly Source[]): string {
  return sources
    .map(({ name, actions }) => (actions.length === 0 ? name : `${name} [${actions.join(' ')}]`))
    .join(' → ');
}
