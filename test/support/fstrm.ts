/** Debian's fstrm_capture, which receives Frame Streams, and BIND's dnstap-read, which tells what it received. */
import { execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { StreamAddress } from '../../src/view/querylog.ts';
import { findTool } from './tools.ts';

export interface Capture {
  /** Ends it, and resolves with what it received. */
  stop(): Promise<Captured>;
}

export interface Captured {
  readonly messages: DnstapMessage[];
  /** One each: `09-Mar-2026 08:14:02.113 CR 10.4.7.9:41877 …` */
  readonly lines: string[];
}

/** Part of what dnstap-read says of a message. */
export interface DnstapMessage {
  readonly identity: string;
  readonly version: string;
  readonly type: string;
  readonly message: {
    readonly type: string;
    readonly socket_family: string;
    readonly socket_protocol: string;
    readonly query_address: string;
    readonly query_port: string;
    readonly query_message_data?: MessageData;
    readonly response_message_data?: MessageData;
  };
}

interface MessageData {
  readonly id: string;
  readonly flags: string;
  readonly status: string;
  readonly QUESTION_SECTION: readonly string[];
  readonly ANSWER_SECTION?: readonly string[];
}

export async function startCapture(to: StreamAddress, file: string): Promise<Capture> {
  if (to.way === 'unix') rmSync(to.path, { force: true });
  const where = to.way === 'unix' ? ['-u', to.path] : ['-a', to.address, '-p', String(to.port)];
  const args = ['-t', 'protobuf:dnstap.Dnstap', ...where, '-w', file];
  const child = spawn(findTool('fstrm_capture')!, args, { stdio: 'ignore' });
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let isThere = false; !isThere; ) {
    if (child.exitCode !== null) throw new Error(`fstrm_capture ended with ${child.exitCode}`);
    isThere = await listens(to);
    if (!isThere) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    async stop() {
      child.kill('SIGTERM');
      await exit;
      return {
        messages: messagesIn(await dnstapRead('-y', file)),
        lines: (await dnstapRead(file)).split('\n'),
      };
    },
  };
}

function listens(to: StreamAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to.way === 'unix' ? { path: to.path } : { host: to.address, port: to.port });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

async function dnstapRead(...args: string[]): Promise<string> {
  const env = { ...process.env, TZ: 'UTC' };
  const options = { env, maxBuffer: 1 << 26 };
  const { stdout } = await promisify(execFile)(findTool('dnstap-read')!, args, options);
  return stdout.trimEnd();
}

function messagesIn(yaml: string): DnstapMessage[] {
  return parseAllDocuments(yaml, { schema: 'failsafe' })
    .map((document) => document.toJS() as DnstapMessage | null)
    .filter((message) => message !== null);
}
