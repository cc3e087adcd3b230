/**
 * Every operation that boto3 knows of the three APIs, sent to a daemon: what is right by the model of the service is
 * served, or refused with an error of that service, and what breaks the model is refused for that.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { OPERATIONS } from '../../src/control/api/operations.ts';
import { stateOf } from '../../src/control/api/states.ts';
import { awsEnvironment } from '../support/api.ts';
import { EVERY_OPERATION, type Sent } from '../support/everyoperation.ts';
import { create, startHosted, VPC } from '../support/hosted.ts';
import { missingPython, pythonWith } from '../support/python.ts';

/** What AWS may say to any request. */
const COMMON = ['AccessDenied', 'AccessDeniedException'];

t.test('every operation of boto3', { skip: missingPython('boto3') }, async (t) => {
  const { client, url, key } = await startHosted(t);
  const zone = await create(client, 'shop.example');
  const given = { ResourceId: zone.split('/').at(-1)!, VPCId: VPC.VPCId, DNSName: 'shop.example' };
  const ran = promisify(execFile)(pythonWith('boto3')!, ['-c', EVERY_OPERATION], {
    env: awsEnvironment(url, key),
    maxBuffer: 64 * 1024 * 1024,
  });
  ran.child.stdin!.end(JSON.stringify(given));
  const lines = (await ran).stdout.trim().split('\n');
  const sent = lines.map((line) => JSON.parse(line) as Sent);
  // Those of the oldest boto3 that is of use here; Profiles came later.
  t.ok(sent.length >= 130, `${sent.length} operations`);
  let served = 0;
  for (const { service, operation, errors, members, required, valid, where, invalid } of sent) {
    const name = `${service} ${operation}`;
    const known = OPERATIONS.find((each) => each.service === service && each.name === operation);
    if (known === undefined) {
      t.fail(`${name} is not in the models: npm run api-models`);
      continue;
    }
    const said = `${valid.code} ${valid.status}: ${valid.message}`;
    if (stateOf(known).state !== 'served')
      t.match(valid.code, /^(InvalidAction|UnknownOperationException)$/, `${name} is not served: ${said}`);
    else if (valid.code === undefined) {
      t.same(valid.lacking, [], `${name}: the response is whole`);
      served++;
    } else {
      const isList = operation.startsWith('List') && required === 0;
      t.notOk(isList, `${name}, a list of whatever there is: ${said}`);
      t.ok([...errors, ...COMMON].includes(valid.code), `${name} knows the error ${said}`);
      t.ok(valid.status! < 500, `${name}: it is the request's fault: ${said}`);
    }
    if (invalid === null) t.equal(members, 0, `${name} has no member that could be wrong`);
    else
      t.match(
        invalid,
        { code: /^(InvalidInput|ValidationException)$/, status: 400 },
        `${name} with ${where}`,
      );
  }
  t.ok(served >= 25, `${served} were done`);
});
