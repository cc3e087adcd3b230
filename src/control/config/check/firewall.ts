import type { Path } from '../problem.ts';
import { type CheckContext, type Draft, Once } from './context.ts';

type Firewall = NonNullable<Draft['firewall']>;
type Rule = NonNullable<NonNullable<NonNullable<NonNullable<Firewall['groups']>[number]>['rules']>[number]>;

export function checkFirewall(context: CheckContext): void {
  const { firewall } = context.draft;
  const lists = checkLists(context, firewall);
  const groups = new Once();
  firewall?.groups?.forEach((group, i) => {
    const path: Path = ['firewall', 'groups', i];
    taken(context, groups, group?.id, [...path, 'id'], 'group');
    const priorities = new Once();
    group?.rules?.forEach((rule, j) => {
      if (rule !== undefined) checkRule(context, rule, [...path, 'rules', j], lists, priorities);
    });
  });
  checkAssociations(context, new Set(firewall?.groups?.flatMap((group) => group?.id ?? [])));
}

function checkLists(context: CheckContext, firewall: Firewall | undefined): ReadonlySet<string> {
  const ids = new Once();
  firewall?.lists?.forEach((list, i) => {
    const path: Path = ['firewall', 'lists', i];
    taken(context, ids, list?.id, [...path, 'id'], 'list');
    const [hasFile, hasDomains] = [context.has([...path, 'file']), context.has([...path, 'domains'])];
    if (hasFile === hasDomains)
      context.error(
        path,
        `a list with ${hasFile ? 'both' : 'neither'} file and domains`,
        'write one of them',
      );
  });
  return new Set(firewall?.lists?.flatMap((list) => list?.id ?? []));
}

function taken(context: CheckContext, ids: Once, id: string | undefined, path: Path, what: string): void {
  const first = id && ids.add(id, path);
  if (first) context.error(path, `id "${id}" is taken by ${first}`, `give each ${what} an id of its own`);
}

function checkRule(
  context: CheckContext,
  { priority, list, action }: Rule,
  path: Path,
  lists: ReadonlySet<string>,
  priorities: Once,
): void {
  const first = priority === undefined ? undefined : priorities.add(String(priority), path);
  if (first)
    context.error([...path, 'priority'], `${first} has priority ${priority}`, 'give each rule its own');
  if (list !== undefined && !lists.has(list))
    context.unknown([...path, 'list'], `no list has the id "${list}"`, list, lists);
  if (action !== undefined) checkResponse(context, action, path);
}

/** A response is for rules that block, and where to for one that overrides. */
function checkResponse(context: CheckContext, action: Rule['action'], path: Path): void {
  const response: Path = [...path, 'response'];
  const override: Path = [...path, 'override'];
  if (action !== 'block') {
    for (const at of [response, override])
      if (context.has(at))
        context.error(at, `a rule that does not block has no ${String(at.at(-1))}`, 'leave it out');
    return;
  }
  const overrides = context.draft.firewall?.groups;
  const [, , group, , rule] = path as [string, string, number, string, number];
  const isOverride = overrides?.[group]?.rules?.[rule]?.response === 'override';
  if (isOverride && !context.has(override))
    context.error(path, 'the rule does not say what to override with', 'write override: { domain: NAME }');
  if (!isOverride && context.has(override))
    context.error(override, 'the response is not override', 'write response: override, or leave this out');
}

function checkAssociations(context: CheckContext, groups: ReadonlySet<string>): void {
  context.draft.vpcs?.forEach((vpc, i) => {
    const priorities = new Once();
    const seen = new Once();
    vpc?.firewall?.groups?.forEach((association, j) => {
      const path: Path = ['vpcs', i, 'firewall', 'groups', j];
      const { group, priority } = association ?? {};
      if (group !== undefined && !groups.has(group))
        context.unknown([...path, 'group'], `no rule group has the id "${group}"`, group, groups);
      const twice = group && seen.add(group, path);
      if (twice) context.error([...path, 'group'], `${group} stands here twice`, 'leave one out');
      const first = priority === undefined ? undefined : priorities.add(String(priority), path);
      if (first)
        context.error([...path, 'priority'], `${first} has priority ${priority}`, 'give each its own');
    });
  });
}
