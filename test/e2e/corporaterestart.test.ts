/** `examples/corporate`: one side is restarted while clients of the other ask. */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { KINDS, type Kind, type Site, startSite } from '../support/corporate.ts';
import { dig } from '../support/dig.ts';
import { type Asked, startDnsperf } from '../support/dnsperf.ts';
import { LONG } from '../support/long.ts';
import { missing } from '../support/servers.ts';

type Side = 'corporate' | 'VPC';

const PER_SECOND = 100;
/** Enough for a machine that takes a minute for a restart. */
const QUESTIONS = 120 * PER_SECOND;

/** No name twice, so that no cache hides an outage. */
const questions = (run: string): string[] =>
  Array.from({ length: QUESTIONS }, (_, i) => {
    const parent = i % 2 === 0 ? 'apps.shared.example' : 'any.corp.example';
    return `${run}-${i}.${parent} A`;
  });
const inZone = (asked: readonly Asked[], zone: string): Asked[] =>
  asked.filter(({ name }) => name.endsWith(zone));
const failed = (asked: readonly Asked[]): Asked[] => asked.filter(({ status }) => status !== 'NOERROR');

/** What is restarted while which side asks, the zone that it has, and one that it has not. */
const RESTARTS = [
  { side: 'corporate', restart: 'causeway', zone: 'apps.shared.example', other: 'any.corp.example' },
  { side: 'VPC', restart: 'resolver', zone: 'any.corp.example', other: 'apps.shared.example' },
] as const;

/** A slow machine may lose some for reasons of its own (dnsmasq asks once only); an outage would be most of them. */
const LOST_MAX = LONG ? 0.02 : 0.1;
/** One of them is enough to see that Causeway is restarted without harm. */
const kinds = LONG ? (Object.keys(KINDS) as Kind[]) : (['unbound'] as const);

for (const kind of kinds)
  t.test(`Causeway and ${kind} restarted under load`, { skip: missing('dig', 'nsd', 'dnsperf', kind) }, (t) =>
    restarted(t, kind),
  );

async function restarted(t: Test, kind: Kind): Promise<void> {
  const site = await startSite(t, kind);
  const load = (side: Side, run: string) =>
    startDnsperf({ ...site.load[side], questions: questions(run), perSecond: PER_SECOND }, site.folder);
  for (const { side, restart, zone, other } of RESTARTS) {
    const asking = load(side, `during-${restart}`);
    await sleep(1_000);
    await site.restart[restart]();
    await sleep(500);
    const during = await asking.stop();
    const ofOther = inZone(during, other);
    t.ok(ofOther.length >= 20, `${ofOther.length} names of ${other} asked`);
    const lost = failed(ofOther).length;
    t.ok(lost <= ofOther.length * LOST_MAX, `${lost} of them failed while ${restart} was restarted`);
    t.comment(`${failed(inZone(during, zone)).length} of ${inZone(during, zone).length} of ${zone} failed`);
    await recovered(site, side, zone);
    const asked = load(side, `after-${restart}`);
    await sleep(1_000);
    const after = await asked.stop();
    t.ok(inZone(after, zone).length > 0);
    const lostAfter = failed(after).length;
    t.ok(lostAfter <= after.length * LOST_MAX, `${lostAfter} of ${after.length} failed after that`);
  }
}

/** Resolvers leave a server alone for a moment that was silent. */
async function recovered(site: Site, side: Side, zone: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if ((await dig(site.ask[side], '+time=1', `try-${i}.${zone}.`, 'A')).status === 'NOERROR') return;
    await sleep(100);
  }
}
