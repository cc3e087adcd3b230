/** One boto3 client that calls what it is told to: a call takes milliseconds, where a command line takes a second. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pythonWith } from './python.ts';

const SCRIPT = `
import boto3, json, os, sys
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
endpoint = os.environ['AWS_ENDPOINT_URL']
client = boto3.client(sys.argv[1], endpoint_url=endpoint, config=Config(retries={'total_max_attempts': 1}))
for line in sys.stdin:
    operation, members = json.loads(line)
    try:
        made = getattr(client, operation)(**members)
        made.pop('ResponseMetadata')
        print(json.dumps({'ok': made}, default=str), flush=True)
    except ClientError as error:
        print(json.dumps({'error': error.response}, default=str), flush=True)
    except ParamValidationError as error:
        print(json.dumps({'error': {'Error': {'Code': 'ParamValidation', 'Message': str(error)}}}), flush=True)
`;

export interface BotoFault {
  readonly Error: { readonly Code: string; readonly Message: string };
  readonly [member: string]: unknown;
}

export interface Boto {
  /** `create_resolver_rule` with its members. Rejects with what AWS's error says: `Code: Message`. */
  call<Output>(operation: string, members?: object): Promise<Output>;
  stop(): void;
}

/** @param env of awsEnvironment */
export function startBoto(service: string, env: Record<string, string>): Boto {
  const child = spawn(pythonWith('boto3')!, ['-c', SCRIPT, service], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async call<Output>(operation: string, members: object = {}): Promise<Output> {
      child.stdin.write(`${JSON.stringify([operation, members])}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('boto3 has ended');
      const { ok, error } = JSON.parse(value) as { ok?: Output; error?: BotoFault };
      if (error !== undefined) throw new Error(`${error.Error.Code}: ${error.Error.Message}`);
      return ok!;
    },
    stop: () => child.stdin.end(),
  };
}
