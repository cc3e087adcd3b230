/**
 * Zones made at random, sound, broken by their signer and lied about by their server: asked of Causeway and of
 * Unbound, which see the same servers, hints and trust anchor. What the two say differently is judged by what the
 * zones hold. CAUSEWAY_LONG=1 asks 10 000 sound zones and 1 000 others.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Asked, compare, textOf } from '../support/differential/compare.ts';
import { ZONE_FAULTS } from '../support/differential/faults.ts';
import { FORGERIES } from '../support/differential/forgeries.ts';
import { Honest } from '../support/differential/honest.ts';
import { type Judgement, judge } from '../support/differential/judge.ts';
import { type Peers, SERVERS, startPeers } from '../support/differential/peers.ts';
import { type Case, type Tree, treeOf } from '../support/differential/tree.ts';
import { LONG } from '../support/long.ts';
import { isFree } from '../support/ports.ts';
import { missing } from '../support/servers.ts';

/** Of 127.0.0.0/8 not all systems give more than the first address. */
const hasAddresses = await isFree(SERVERS[0], 0);
const skip = missing('nsd', 'unbound') || (hasAddresses ? false : `no address ${SERVERS[0]}`);

const KINDS = [...Object.keys(ZONE_FAULTS), ...Object.keys(FORGERIES)];
const SEEDS = LONG ? [1, 2, 3, 4, 5] : [1];
const SOUND = LONG ? 2000 : 100;
const BROKEN = LONG ? 200 : KINDS.length;

/** Of the questions. Of some kinds of zones we think otherwise than Unbound in all questions. */
const KNOWN_SHARE_MAX = 0.06;
const UNKNOWN_SHARE_MAX = 0.002;
/** Less would mean that servers or resolvers do not work, and so nothing is compared. */
const SECURE_SHARE_MIN = 0.4;
/** Longer than both resolvers keep a failure that is none of the zone's. */
const FAILURE_MS = 6_000;

interface Judged extends Asked {
  readonly judgement: Judgement;
}

for (const seed of SEEDS)
  t.test(`${SOUND} sound zones and ${BROKEN} others, seed ${seed}`, { skip }, async (t) => {
    const tree = treeOf({ seed, sound: SOUND, broken: BROKEN, servers: SERVERS });
    const peers = await startPeers(tree);
    t.teardown(() => peers.stop());
    check(t, await run(tree, peers), new Honest(tree));
  });

async function run(tree: Tree, peers: Peers): Promise<Judged[]> {
  const honest = new Honest(tree);
  const ask = async (cases: readonly Case[]): Promise<Judged[]> => {
    const asked = await compare(cases, peers.causeway, peers.unbound);
    return asked.map((each) => ({ ...each, judgement: judge(each, honest) }));
  };
  const all = await ask(tree.cases);
  // A busy machine may lose packets.
  const doubtful = all.filter(({ of, judgement }) => of.kind === 'sound' && judgement.status === 'unknown');
  if (doubtful.length === 0) return all;
  await sleep(FAILURE_MS);
  const again = await ask(doubtful.map(({ of, question }) => ({ ...of, questions: [question] })));
  return [...all.filter((each) => !doubtful.includes(each)), ...again];
}

function check(t: Test, all: readonly Judged[], honest: Honest): void {
  const withStatus = (status: Judgement['status']): Judged[] =>
    all.filter(({ judgement }) => judgement.status === status);
  const [faults, unknown, known] = [withStatus('fault'), withStatus('unknown'), withStatus('known')];
  for (const each of faults) t.fail(describe(each, honest));
  for (const each of unknown) {
    if (each.of.kind === 'sound') t.fail(describe(each, honest));
    else t.comment(describe(each, honest));
  }
  const secure = all.filter(({ ours }) => ours.ad).length;
  const failed = all.filter(({ ours }) => ours.rcode === 'SERVFAIL').length;
  t.comment(`${all.length} questions: ${secure} secure, ${failed} failed, ${faults.length} faults`);
  for (const [why, count] of counted(known)) t.comment(`${count} ${why}`);
  t.ok(secure > SECURE_SHARE_MIN * all.length, `${secure} of ${all.length} answers are secure`);
  t.ok(known.length < KNOWN_SHARE_MAX * all.length, `${known.length} differences for known reasons`);
  t.ok(unknown.length < UNKNOWN_SHARE_MAX * all.length, `${unknown.length} differences for no known reason`);
}

function describe({ of, question, ours, theirs, judgement }: Judged, honest: Honest): string {
  const why = judgement.status === 'fault' ? judgement.why : judgement.status;
  const { rcode, records } = honest.answer(question);
  return [
    `${question.name} ${question.type} (${of.kind}): ${why}`,
    `ours ${textOf(ours)} ${ours.ede}`,
    `theirs ${textOf(theirs)}`,
    `the zone ${[rcode, ...records].join(' ')}`,
  ].join('; ');
}

function counted(known: readonly Judged[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { judgement } of known)
    if (judgement.status === 'known') counts.set(judgement.why, (counts.get(judgement.why) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
