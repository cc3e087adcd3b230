/** RFC 8145: which keys this node trusts, told to those who publish them; and the keys as they are published. */
import t from 'tap';
import { keyTagName, tagsOf } from '../../src/resolver/keytag.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { Internet } from '../support/internet.ts';
import { dsOf, makeKey, REVOKE, signedKeys, withFlags } from '../support/sign.ts';
import { finish } from '../support/simnet.ts';
import { simulate } from '../support/simulate.ts';

const ds = (tag: number): Uint8Array => Uint8Array.of(tag >> 8, tag & 255, 8, 2, 1);
const root = (...tags: number[]) => ({ zone: nameFromText('.'), ds: tags.map(ds), dnskey: [] });

t.test('the name of the signal', async (t) => {
  const text = (anchor: Parameters<typeof keyTagName>[0]): string => nameToText(keyTagName(anchor)!);
  t.equal(text(root(20326)), '_ta-4f66.', 'the example of the RFC');
  t.equal(text(root(38696, 20326, 5)), '_ta-0005-4f66-9728.', 'in order, four digits');
  const key = makeKey('corp.test.', { seed: 'keytag', flags: 257 });
  const anchor = { zone: key.zone, ds: [dsOf(key), dsOf(key, 4)], dnskey: [key.rdata] };
  t.same(tagsOf(anchor), [key.tag]);
  t.equal(text(anchor), `_ta-${key.tag.toString(16).padStart(4, '0')}.corp.test.`);
  const many = root(...Array.from({ length: 40 }, (_, i) => i));
  t.equal(keyTagName(many)![0], 63, 'as many as there is room for');
  const long = nameFromText('x.'.repeat(124));
  t.equal(keyTagName({ ...root(1), zone: long }), undefined);
});

function signals(internet: Internet): string[] {
  return internet
    .hostsOf('.')
    .flatMap((host) => host.queries)
    .map(({ message }) => message.question!)
    .filter(({ type }) => type === 10)
    .map(({ name }) => nameToText(name).toLowerCase());
}

t.test(
  'the signal goes to the servers of the root with the question for its keys, if it is switched on',
  async (t) => {
    const world = (): Internet => {
      const internet = new Internet();
      internet.zone('test.', { sign: {}, text: 'www A 192.0.2.1\nftp A 192.0.2.2' });
      return internet;
    };
    const quiet = world();
    t.equal((await simulate(quiet).ask('www.test.')).rcode, 'NOERROR');
    t.same(signals(quiet), []);

    const internet = world();
    const sim = simulate(internet, { settings: { keyTagSignal: true } });
    const first = await sim.ask('www.test.');
    t.ok(first.ad);
    await sim.pass(1000);
    t.same(signals(internet), [nameToText(keyTagName(internet.anchors[0]!)!)]);
    const plain = simulate(world());
    t.equal(first.work.packets, (await plain.ask('www.test.')).work.packets, 'at nobody’s expense');
    t.ok((await sim.ask('ftp.test.')).ad);
    await sim.pass(1000);
    t.equal(signals(internet).length, 1, 'and once for as long as the keys are known');
    await sim.pass(86_400_000);
    await sim.ask('www.test.');
    await sim.pass(1000);
    t.equal(signals(internet).length, 2);
  },
);

t.test('keys are fetched with all signatures, past the cache, whatever they are', async (t) => {
  const internet = new Internet();
  const sim = simulate(internet);
  const path = sim.snapshot.paths.find(({ kind }) => kind === 'recursive')!;
  const fetched = () => finish(internet.clock, sim.resolver.fetchKeys(path, nameFromText('.')));
  const one = await fetched();
  t.match(one, { kind: 'keys', rrset: { type: TYPE.DNSKEY, rdatas: [internet.root.keys[0]!.rdata] } });

  const [old] = internet.root.keys;
  const next = makeKey('.', { seed: 'next', flags: 257 });
  const dead = withFlags(old!, { flags: 257 | REVOKE });
  const set = signedKeys([dead, next], [dead, next]);
  for (const host of internet.hostsOf('.'))
    host.options = {
      edit: (packet, query) => {
        if (query.message.question!.type !== TYPE.DNSKEY) return packet;
        const rr = (type: number) => (rdata: Uint8Array) => ({
          name: set.name,
          type,
          class: 1,
          ttl: 60,
          rdata,
        });
        return { ...packet, answer: [...set.rdatas.map(rr(TYPE.DNSKEY)), ...set.sigs!.map(rr(TYPE.RRSIG))] };
      },
    };
  const two = await fetched();
  if (two.kind !== 'keys') return t.fail(two.why);
  t.same(two.rrset.rdatas, set.rdatas);
  t.same(two.rrset.sigs, set.sigs, 'also those of keys that are trusted no longer');

  for (const host of internet.hosts) for (const server of host.servers) server.state = 'dark';
  t.match(await fetched(), { kind: 'failure', why: /./ });
});
