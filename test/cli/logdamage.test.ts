/** Logs with lines that are none, and archives that were not written to their end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { cli } from '../support/cli.ts';
import { logFolder } from '../support/logfolder.ts';

const { configFile, logs } = logFolder(t, [
  '{ id: lines, to: logs/lines, vpcs: [vpc-a] }',
  '{ id: public, to: logs/public, format: public, zones: [org] }',
  '{ id: cut, to: logs/cut, vpcs: [vpc-a] }',
]);

const query = {
  vpc_id: 'vpc-a',
  query_timestamp: '2026-03-09T12:00:00Z',
  query_name: 'x.',
  query_type: 'A',
  rcode: 'NOERROR',
  answers: [{ Rdata: '192.0.2.1' }],
  srcaddr: '10.1.0.1',
  transport: 'UDP',
};
const line = (name: string): string => `${JSON.stringify({ ...query, query_name: name })}\n`;

async function names(
  id: string,
  ...args: readonly string[]
): Promise<{ code: number; names: string[]; err: string }> {
  const { code, out, err } = await cli(['log', 'search', id, '--json', ...args, '--config', configFile]);
  return { code, names: out.match(/(?<="query_name":")[^"]+/g) ?? [], err };
}

t.test("a line that is somebody else's is passed over", async (t) => {
  const others: unknown[] = [null, 7, 'text', true, [], {}, { query_name: 'x.', answers: [null] }];
  for (const key of Object.keys(query))
    for (const value of [null, 7, {}, [7], [null], [{ Rdata: 7 }], undefined])
      others.push({ ...query, query_name: 'wrong.example.', [key]: value });
  others.push({ ...query, query_name: 'wrong.example.', firewall_rule_action: 7 });
  const text = others.map((other) => `${JSON.stringify(other)}\n`).join('');
  writeFileSync(join(logs, 'lines'), `${line('first.example.')}${text}\n \n\0\n${line('last.example.')}`);
  t.same(await names('lines'), { code: 0, names: ['first.example.', 'last.example.'], err: '' });
  const table = await cli([
    'log',
    'tail',
    'lines',
    '--name',
    'example',
    '--client',
    '10.0.0.0/8',
    '--config',
    configFile,
  ]);
  t.equal(table.out.split('\n').length, 4);
  writeFileSync(join(logs, 'public'), `${text}1.0 2026-03-09T02:30:00.113Z\n`);
  t.same(await names('public'), { code: 0, names: [], err: 'no query is logged that would be so\n' });
});

t.test('of a compressed file that ends too early what is there is read, and the other files', async (t) => {
  const many = (from: number): string =>
    Array.from({ length: 5_000 }, (_, i) => line(`n${from + i}.example.`)).join('');
  const archive = (hour: number): string => join(logs, `cut.20260309T0${hour}0000.000Z.gz`);
  const whole = gzipSync(many(5_000));
  writeFileSync(archive(1), gzipSync(many(0)));
  writeFileSync(archive(2), whole.subarray(0, whole.length >> 1));
  writeFileSync(archive(3), Buffer.alloc(0));
  writeFileSync(archive(4), whole.subarray(0, -8));
  writeFileSync(archive(5), 'this is no gzip');
  writeFileSync(join(logs, 'cut'), line('now.example.'));
  const found = await names('cut', '--lines', '1000000');
  const half = found.names.indexOf('n5000.example.', 5_001) - 5_000;
  t.ok(half > 1_000 && half < 5_000, `${half} of the half`);
  t.equal(found.names.length, 5_000 + half + 5_000 + 1);
  t.same(
    found.err.split('\n').map((each) => each.replace(/.*\//, '')),
    [
      'cut.20260309T050000.000Z.gz is damaged: incorrect header check; what can be read of it before that is shown',
      'cut.20260309T040000.000Z.gz is damaged: unexpected end of file; what can be read of it before that is shown',
      'cut.20260309T030000.000Z.gz is damaged: unexpected end of file; what can be read of it before that is shown',
      'cut.20260309T020000.000Z.gz is damaged: unexpected end of file; what can be read of it before that is shown',
      '',
    ],
  );
});
