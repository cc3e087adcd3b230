/** boto3 as a peer of end-to-end tests: one process for many calls, with the validation of its own that it does. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { awsEnvironment } from './api.ts';
import type { Daemon } from './daemon.ts';
import { pythonWith } from './python.ts';

const DRIVER = `
import boto3, json, os, sys
from botocore.config import Config
from botocore.exceptions import ClientError
once = Config(retries={'total_max_attempts': 1})
clients = {}
for line in sys.stdin:
    service, operation, params = json.loads(line)
    if service not in clients:
        clients[service] = boto3.client(service, endpoint_url=os.environ['AWS_ENDPOINT_URL'], config=once)
    try:
        out = getattr(clients[service], operation)(**params)
        out.pop('ResponseMetadata', None)
    except ClientError as e:
        out = {'error': e.response['Error'], 'status': e.response['ResponseMetadata']['HTTPStatusCode']}
    except Exception as e:
        out = {'error': {'Code': type(e).__name__, 'Message': str(e)}}
    print(json.dumps(out, default=lambda d: d.isoformat()), flush=True)
`;

// biome-ignore lint/suspicious/noExplicitAny: what a client returns is looked at by tests
export type Output = any;

export interface Boto3 {
  /**
   * `call('route53', 'get_change', { Id })`; rejects with `NoSuchChange 404: …` for an error that the API tells,
   * `ParamValidationError: …` for one of the client's own.
   */
  call(service: string, operation: string, params?: object): Promise<Output>;
  close(): void;
}

/** Calls the API of a daemon at this port with a new key; other accounts than the first by their number. */
export async function startBoto3(
  daemon: Daemon,
  port: number,
  account?: string,
  python = pythonWith('boto3')!,
): Promise<Boto3> {
  const which = account === undefined ? [] : ['--account', account];
  const { stdout } = await daemon.cli('keys', 'create', '--scope', 'admin', '--json', ...which);
  const key = JSON.parse(stdout);
  const child = spawn(python, ['-c', DRIVER], {
    env: awsEnvironment(`http://127.0.0.1:${port}`, key),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async call(service, operation, params = {}) {
      child.stdin.write(`${JSON.stringify([service, operation, params])}\n`);
      const { value } = await lines.next();
      const output = JSON.parse(value ?? '{"error":{"Code":"Gone","Message":"no answer"}}') as Output;
      if (output.error === undefined) return output;
      const { error, status } = output;
      throw new Error(`${status === undefined ? error.Code : `${error.Code} ${status}`}: ${error.Message}`);
    },
    close: () => child.stdin.end(),
  };
}
