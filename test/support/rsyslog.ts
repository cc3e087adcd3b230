/** Debian's rsyslogd on sockets of its own: what it has understood, one JSON object a message. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { findTool } from './tools.ts';

export interface Rsyslog {
  /** By UDP and TCP, on 127.0.0.1. */
  readonly port: number;
  /** Of its unix socket. */
  readonly path: string;
  messages(): SyslogMessage[];
  stop(): Promise<void>;
}

export interface SyslogMessage {
  readonly by: string;
  readonly facility: string;
  readonly severity: string;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly msgid: string;
  readonly msg: string;
}

const FIELDS: Readonly<Record<keyof SyslogMessage, string>> = {
  by: 'inputname',
  facility: 'syslogfacility-text',
  severity: 'syslogseverity-text',
  time: 'timereported',
  host: 'hostname',
  app: 'app-name',
  msgid: 'msgid',
  msg: 'msg',
};

export async function startRsyslog(): Promise<Rsyslog> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-rsyslog-'));
  const [path, out] = [join(folder, 'log.sock'), join(folder, 'out')];
  const port = await freePort('127.0.0.1');
  const fields = Object.entries(FIELDS).map(
    ([name, property], i) =>
      `  constant(value="${i === 0 ? '{' : ','}\\"${name}\\":\\"") property(name="${property}" format="json"${
        property.startsWith('time') ? ' dateFormat="rfc3339"' : ''
      }) constant(value="\\"")`,
  );
  writeFileSync(
    join(folder, 'conf'),
    `global(workDirectory="${folder}" maxMessageSize="64k")
module(load="imuxsock" SysSock.Use="off")
module(load="imudp")
module(load="imtcp")
input(type="imuxsock" Socket="${path}" UseSpecialParser="off" ParseHostname="on" UseSysTimeStamp="off" IgnoreTimestamp="off" RateLimit.Interval="0")
input(type="imudp" address="127.0.0.1" port="${port}")
input(type="imtcp" address="127.0.0.1" port="${port}")
template(name="json" type="list") {
${fields.join('\n')}
  constant(value="}\\n")
}
action(type="omfile" file="${out}" template="json")
`,
  );
  const args = ['-n', '-f', join(folder, 'conf'), '-i', join(folder, 'pid')];
  const child = spawn(findTool('rsyslogd')!, args, { stdio: 'ignore' });
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  while (!existsSync(path) || !isListening(port)) {
    if (child.exitCode !== null) throw new Error(`rsyslogd ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    path,
    messages: () =>
      existsSync(out)
        ? readFileSync(out, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as SyslogMessage)
        : [],
    async stop() {
      child.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether something has this UDP and this TCP port: rsyslogd opens them one after the other. */
function isListening(port: number): boolean {
  const hex = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  return ['udp', 'tcp'].every((kind) => readFileSync(`/proc/net/${kind}`, 'utf8').includes(hex));
}
