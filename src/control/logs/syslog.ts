import { isoFromWall } from '../../telemetry/text.ts';
import type { QueryLog, SyslogFacility } from '../../view/querylog.ts';
import type { Logged } from './plan.ts';

/** RFC 5424 section 6.2.1. */
const FACILITIES: Readonly<Record<SyslogFacility, number>> = {
  user: 1,
  daemon: 3,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};
const INFORMATIONAL = 6;
const MSGID_MAX = 32;

/** A line of a log as a message of RFC 5424. Its time is that of the answer, MSGID the id of the log. */
export function syslogMessage(facility: SyslogFacility, log: QueryLog, logged: Logged, line: string): Buffer {
  const priority = FACILITIES[facility] * 8 + INFORMATIONAL;
  const time = isoFromWall(logged.record.wall);
  const header = `<${priority}>1 ${time} ${logged.node || '-'} causeway ${process.pid} ${log.id.slice(0, MSGID_MAX)} -`;
  return Buffer.from(`${header} ${line.trimEnd()}`);
}

/** As it stands in a stream: its length goes before it (RFC 6587 section 3.4.1). */
export function counted(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}
