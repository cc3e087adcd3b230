/** VPCs that an operator makes beside those of the configuration. */
import t from 'tap';
import { load } from '../control/config/support.ts';
import { cli } from '../support/cli.ts';
import { startFakeDaemon } from '../support/fake-daemon.ts';
import { MemoryStore } from '../support/memorystore.ts';

const CONFIG = `node: { region: eu-west-1 }
accounts: [{ id: "000000000000" }, { id: "111122223333" }]
vpcs: [{ id: vpc-own, cidrs: [10.1.0.0/16] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:5300"] }] }
`;

t.test('made, listed, changed, deleted', async (t) => {
  const { config: declared } = load(CONFIG);
  const daemon = await startFakeDaemon({
    daemon: { vpcs: { store: new MemoryStore(() => 0, 1000), declared: declared! } },
  });
  t.teardown(() => daemon.close());
  const run = (...args: string[]) => cli(['vpc', ...args, '--socket', daemon.socket.path]);

  t.match(
    (await run('list')).out,
    /^VPC +REGION +.*\nvpc-own +eu-west-1 +000000000000 +configuration +10\.1\.0\.0\/16\n$/,
  );
  t.match(await run('create', '--id', 'vpc-new'), {
    code: 0,
    out: /vpc-new +eu-west-1 +000000000000 +store +-\n/,
  });
  const wide = ['--cidr', '10.2.0.0/16', '--cidr', 'fd00:2::/32', '--account', '111122223333'];
  t.match(
    JSON.parse((await run('create', '--id', 'vpc-new', ...wide, '--region', 'us-east-1', '--json')).out),
    {
      id: 'vpc-new',
      region: 'us-east-1',
      account: '111122223333',
      cidrs: ['10.2.0.0/16', 'fd00:2::/32'],
      from: 'store',
    },
  );
  t.match(
    await run('create', '--id', 'vpc-more', '--cidr', '10.2.9.0/24'),
    { code: 0 },
    'longer blocks are right',
  );
  for (const [args, err] of [
    [['create', '--id', 'vpc-own'], /vpc-own is declared in the configuration; change it there/],
    [['create', '--id', 'vpc-3', '--cidr', '10.1.0.0/16'], /10\.1\.0\.0\/16 stands in vpc-own already/],
    [['create', '--id', 'vpc-3', '--cidr', '10.2.9.0/24'], /10\.2\.9\.0\/24 stands in vpc-more already/],
    [['create', '--id', 'vpc-3', '--cidr', '10.1.2.3/16'], /10\.1\.2\.3\/16/],
    [['create', '--id', 'by-source'], /has a meaning for inbound endpoints/],
    [['create', '--id', 'a b'], /is not an id/],
    [['create', '--id', 'vpc-3', '--account', '999999999999'], /no account 999999999999/],
    [['create'], /say which VPC/],
    [['delete', 'vpc-own'], /declared in the configuration/],
    [['delete', 'vpc-9'], /no VPC "vpc-9"/],
    [['remove', 'vpc-9'], /say `create --id ID`/],
  ] as const) {
    const ended = await run(...args);
    t.not(ended.code, 0, args.join(' '));
    t.match(ended.err, err, args.join(' '));
  }
  t.match(await run('delete', 'vpc-new'), { code: 0, out: 'vpc-new is deleted\n' });
  t.notMatch((await run('list')).out, /vpc-new/);
});
