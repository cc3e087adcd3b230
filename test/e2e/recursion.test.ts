/**
 * Recursion and validation on a small Internet: a signed root, TLDs and some thousand zones on NSD, signed by a
 * program that shares nothing with this one, each with a line or more of what a resolver must say. The zones under
 * `lab.` are odd on purpose. CAUSEWAY_LONG=1 asks for every line of a larger one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import t, { type Test } from 'tap';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { type Fakenet, fakenetMissing, startFakenet } from '../support/fakenet/fakenet.ts';
import { LONG } from '../support/long.ts';
import { missing, startUnbound } from '../support/servers.ts';
import { configOf, forwardRule } from './config.ts';

const ZONES = LONG ? 10_000 : 600;
/** Lines beside those of the odd zones, drawn from a fixed seed. */
const SAMPLE = LONG ? 1_000_000 : 600;
/** So many lines of truth the odd zones have; fewer would mean that nothing was asked. */
const LAB_LINES_MIN = 60;
const LAB_VERDICTS_MIN = 40;

const skip = fakenetMissing() || missing('unbound');

/** The zones hold addresses of documentation, and hosts in 192.0.0.0/16 at random, as no real answer should. */
const VPC = '{ id: vpc-test, region: eu-central-1, cidrs: [127.0.0.0/8], rebinding: off }';

const configFor = (net: Fakenet, rules?: readonly string[]): string =>
  `recursion: { hints: "${net.hints}", anchors: "${net.anchors}", port: ${net.port}, loopbackServers: on }\n` +
  configOf({ vpcs: [VPC], ...(rules === undefined ? {} : { rules }) });

t.test('a small Internet', { skip }, async (t) => {
  const net = await startFakenet({ zones: ZONES });
  t.teardown(() => net.stop());

  await t.test('each name is answered, validated or refused as its zone is known to be', async (t) => {
    const daemon = await startDaemon({ config: configFor(net) });
    t.teardown(() => daemon.stop());
    const { expected, different } = await net.check(daemon, ['--sample', String(SAMPLE)]);
    t.same(different, []);
    t.ok(expected >= LAB_LINES_MIN + (LONG ? 5 * ZONES : SAMPLE), `${expected} lines were asked`);
    t.comment(`${expected} lines as expected`);
    await explains(t, daemon);
    const checking = signatureThreads(daemon);
    t.equal(checking.length > 0, availableParallelism() > 1, 'beside workers that have not the only core');
  });

  await t.test(
    'on one core, where a worker checks signatures itself, the verdicts are the same',
    async (t) => {
      const daemon = await startDaemon({
        config: configFor(net),
        under: ['taskset', '-c', '0', 'unshare', '--fork'],
      });
      t.teardown(() => daemon.stop());
      const { expected, different } = await net.check(daemon, ['--lab', '--security', 'secure,bogus']);
      t.same(different, []);
      t.ok(expected >= LAB_VERDICTS_MIN, `${expected} lines were asked`);
      t.same(signatureThreads(daemon), []);
    },
  );

  await t.test(
    'validation through a resolver that validates nothing comes to the same verdicts',
    async (t) => {
      const unbound = await startPlainResolver(net);
      t.teardown(() => unbound.stop());
      const daemon = await startDaemon({ config: configFor(net, [forwardRule('.', [unbound])]) });
      t.teardown(() => daemon.stop());
      const verdicts = ['--lab', '--security', 'secure,bogus'];
      const { expected, different } = await net.check(daemon, verdicts);
      t.same(different, []);
      t.ok(expected >= LAB_VERDICTS_MIN, `${expected} lines were asked`);
      const alone = await net.check(unbound, verdicts);
      t.ok(alone.different.length >= expected / 2, 'the resolver behind it vouches for nothing');
    },
  );
});

/** Ids of the threads that check signatures for a worker. */
function signatureThreads({ pid }: Daemon): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).filter((id) => /^signatures/.test(readFileSync(`${tasks}/${id}/comm`, 'latin1')));
}

interface Explanation {
  readonly trust: {
    security: string;
    steps: { zone: string; outcome: string; by: string; why?: string }[];
  }[];
  readonly answer: { rcode: string; flags: string[] };
}

/** `causeway explain` on a name of each kind: where the chain of trust leads, or where it broke. */
async function explains(t: Test, daemon: Daemon): Promise<void> {
  const explain = async (name: string): Promise<Explanation> =>
    JSON.parse((await daemon.cli('explain', name, 'A', '--vpc', 'vpc-test', '--live', '--json')).stdout);
  const chain = ({ trust }: Explanation): string[] =>
    trust[0]!.steps.map(({ zone, outcome, by }) => `${zone} ${outcome} ${by}`);
  const above = ['. secure anchor', 'lab. secure ds'];

  const secure = await explain('www.ok-nsec.lab.');
  t.same(chain(secure), [...above, 'ok-nsec.lab. secure ds']);
  t.equal(secure.trust[0]!.security, 'secure');

  const insecure = await explain('www.unsigned.lab.');
  t.same(chain(insecure), [...above, 'unsigned.lab. insecure no-ds']);
  t.equal(insecure.answer.rcode, 'NOERROR');

  const bogus = await explain('www.expired.lab.');
  t.same(chain(bogus), [...above, 'expired.lab. bogus ds']);
  t.match(bogus.trust[0]!.steps.at(-1)!.why, /expired at/);
  t.equal(bogus.answer.rcode, 'SERVFAIL');
}

/**
 * Unbound without its validator, told where each zone of the lab is served: the referrals of this Internet name no
 * port, and Unbound asks only at 53 where a referral leads.
 */
function startPlainResolver(net: Fakenet): ReturnType<typeof startUnbound> {
  return startUnbound({ stub: net.stubs });
}
