import type { AuditLine, AuditReport } from '../view/report.ts';
import { type Command, DAEMON_OPTIONS, type Io, usageError } from './command.ts';
import { cell, json, number, table } from './output.ts';

/** Options that are sent as they are. */
const FILTERS = ['since', 'limit', 'account', 'access-key', 'operation'] as const;

export const command: Command = {
  name: 'audit',
  usage: '[--since TIME] [--account ID] [--operation NAME] [--json]',
  summary:
    'Shows who changed what through the API, the newest changes last. Works on the file where the daemon does not run.',
  options: {
    ...DAEMON_OPTIONS,
    since: { type: 'string', value: 'TIME', help: 'only changes since then: 2026-12-31T18:00Z, or 2h ago' },
    limit: { type: 'string', value: 'N', help: 'the newest so many, 100 unless told' },
    account: { type: 'string', value: 'ID', help: 'only changes by this account' },
    'access-key': { type: 'string', value: 'ID', help: 'only changes by this access key' },
    operation: { type: 'string', value: 'NAME', help: 'only changes by this operation' },
  },
  examples: ['causeway audit --since 2h', 'causeway audit --operation ChangeResourceRecordSets --json'],
  async run(input, io) {
    if (input.positionals.length > 0) throw usageError('audit', 'it takes options only');
    const wish = Object.fromEntries(FILTERS.flatMap((name) => [[name, input.text(name)]]));
    const given = Object.entries(wish).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const path = `/audit?${new URLSearchParams(given)}`;
    const { 'access-key': accessKey, ...rest } = wish;
    const { askStore } = await import('./storefile.ts');
    const report = await askStore<AuditReport>(input, io.cwd, { method: 'GET', path }, (desk) =>
      desk.audit({ ...rest, accessKey }),
    );
    if (input.flag('json')) io.out(json(report));
    else if (report.changes.length === 0) io.out('no change\n');
    else show(report, io);
    return 0;
  },
};

function show({ changes, truncated }: AuditReport, io: Io): void {
  const heading = ['REVISION', 'AT', 'ACCOUNT', 'ACCESS KEY', 'FROM', 'OPERATION', 'ITEMS', 'WHAT'];
  io.out(table(heading, changes.map(row), io.colour));
  if (truncated) io.err(`only the newest ${changes.length} are shown; --limit shows more\n`);
}

function row({ revision, at, account, accessKey, source, operation, summary, items }: AuditLine) {
  return [
    number(revision),
    cell(at),
    cell(account),
    cell(accessKey || '-'),
    cell(source),
    cell(operation),
    number(items),
    cell(summary),
  ];
}
