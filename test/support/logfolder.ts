/** A folder with a configuration whose logs a test writes itself, for commands that read them where no daemon runs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

const CONFIG = `vpcs: [{ id: vpc-a, cidrs: [10.0.0.0/8] }]
endpoints: { authoritative: [{ id: auth, listen: ["127.0.0.1:5354"], zones: [org] }] }
zones: [{ id: org, name: example.org., records: "@ SOA ns h 1 1 1 1 1\\n@ NS ns\\nns A 192.0.2.1" }]
`;

/** @param logs the entries of `logs`, of the VPC `vpc-a` and the public zone `org`; their files belong into `logs/` */
export function logFolder(
  t: Pick<Test, 'teardown'>,
  logs: readonly string[],
): { readonly folder: string; readonly configFile: string; readonly logs: string } {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-log-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const configFile = join(folder, 'causeway.yaml');
  writeFileSync(configFile, `${CONFIG}logs:\n${logs.map((log) => `  - ${log}\n`).join('')}`);
  const logsFolder = join(folder, 'state', 'logs');
  mkdirSync(logsFolder, { recursive: true });
  return { folder, configFile, logs: logsFolder };
}
