/** Zone cuts: what is known of a zone's servers, for how long, and by whose word. */
import t from 'tap';
import { Contact, ZoneCut, ZoneCuts } from '../../src/resolver/cut.ts';
import type { Target } from '../../src/resolver/target.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';

const name = nameFromText;
const target = (address: string): Target => ({ text: address }) as Target;

function cut(
  zone: string,
  facts: { expiresAt?: number; learnedAt?: number; addresses?: string[] } = {},
): ZoneCut {
  const { expiresAt = 1000, learnedAt = 0, addresses = [] } = facts;
  const made = new ZoneCut({ zone: name(zone), servers: [], learnedAt, expiresAt });
  for (const address of addresses) made.addContact(target(address), 1e9);
  return made;
}

t.test('the deepest cut at or above a name, of its own context', async (t) => {
  const cuts = new ZoneCuts();
  for (const zone of ['.', 'test.', 'corp.test.', 'other.test.']) cuts.put(1, cut(zone));
  cuts.put(2, cut('www.corp.test.'));
  const deepest = (text: string, context = 1): string | undefined => {
    const found = cuts.deepest(context, name(text), 0);
    return found && nameToText(found.zone);
  };
  t.equal(deepest('www.corp.test.'), 'corp.test.');
  t.equal(deepest('corp.test.'), 'corp.test.');
  t.equal(deepest('WWW.Corp.TEST.'), 'corp.test.');
  t.equal(deepest('xcorp.test.'), 'test.', 'labels, not letters');
  t.equal(deepest('example.'), '.');
  t.equal(deepest('.'), '.');
  t.equal(deepest('www.corp.test.', 2), 'www.corp.test.');
  t.equal(deepest('corp.test.', 2), undefined, 'what another context knows is nobody’s business');
  t.equal(deepest('a.b.c.', 12), undefined);
});

t.test('a cut that has expired is none, and what is above it counts', async (t) => {
  const cuts = new ZoneCuts();
  cuts.put(1, cut('test.', { expiresAt: 5000 }));
  cuts.put(1, cut('corp.test.', { expiresAt: 1000 }));
  const at = (now: number): string => nameToText(cuts.deepest(1, name('www.corp.test.'), now)!.zone);
  t.equal(at(999), 'corp.test.');
  t.equal(at(1000), 'test.');
  t.ok(cuts.at(1, name('corp.test.'), 999));
  t.notOk(cuts.at(1, name('corp.test.'), 1000));
  t.notOk(cuts.at(1, name('www.corp.test.'), 0), 'at the name itself only');
  t.equal(cuts.deepest(1, name('www.corp.test.'), 5000), undefined);
});

t.test('a newer referral takes the place of the old one: its servers, and no others', async (t) => {
  const cuts = new ZoneCuts();
  const old = cut('corp.test.', { addresses: ['192.0.2.1', '192.0.2.2'] });
  cuts.put(1, old);
  old.contactAt('192.0.2.1')!.lame(0);
  for (let i = 0; i < 3; i++) old.contactAt('192.0.2.2')!.late(0, TYPE.A, 0);
  const before = old.contactAt('192.0.2.2')!.target;
  const next = cut('corp.test.', { addresses: ['192.0.2.2', '192.0.2.3'] });
  cuts.put(1, next);
  t.same(
    next.contacts.map(({ address }) => address),
    ['192.0.2.2', '192.0.2.3'],
    'one that is gone is gone',
  );
  t.equal(next.contactAt('192.0.2.2')!.silences, 1, 'how it did is remembered');
  t.equal(next.fetches, old.fetches, 'and how many questions of the zone are out');
  t.equal(next.contactAt('192.0.2.2')!.retryAt, old.contactAt('192.0.2.2')!.retryAt);
  t.equal(next.contactAt('192.0.2.3')!.silences, 0);
  t.not(next.contactAt('192.0.2.2')!.target, before, 'who is there is what the new one says');
  t.equal(cuts.at(1, name('corp.test.'), 0), next);
  const other = cut('corp.test.', { addresses: ['192.0.2.2'] });
  cuts.put(2, other);
  t.equal(other.contactAt('192.0.2.2')!.silences, 0, 'but not from another context');
});

t.test('an address is one contact, however often it is named (CVE-2026-3592)', async (t) => {
  const made = cut('corp.test.', { addresses: ['192.0.2.1'] });
  made.addContact(target('192.0.2.1'), 2e9);
  t.equal(made.contacts.length, 1);
  t.equal(made.contactAt('192.0.2.1')!.expiresAt, 2e9, 'for as long as the longest of its records');
  made.addContact(target('192.0.2.1'), 5);
  t.equal(made.contactAt('192.0.2.1')!.expiresAt, 2e9);
});

t.test(
  'a silent server is left alone for longer each time, up to five minutes, and until it is heard',
  async (t) => {
    const contact = new Contact(target('192.0.2.1'), 1e9);
    for (let i = 0; i < 2; i++) contact.late(0, TYPE.A, 0);
    t.ok(contact.retryAt <= 0, 'two lost packets are an accident');
    let now = 1000;
    contact.late(now, TYPE.A, now);
    const pauses = Array.from({ length: 9 }, () => {
      const pause = (contact.retryAt - now) / 1000;
      for (let i = 0; i < 50; i++) contact.late(now + 1, TYPE.A, now + 1);
      t.equal(contact.retryAt, now + 1000 * pause, 'questions that waited at the same time are one silence');
      now = contact.retryAt;
      contact.asked(now);
      return pause;
    });
    t.same(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    contact.heard(now);
    t.equal(contact.silences, 0);
    t.ok(contact.retryAt <= now);
    for (let i = 0; i < 10; i++) contact.late(now + 4_999, TYPE.A, now + 4_999);
    t.ok(contact.retryAt <= now, 'it is there, and silent about some questions only');
    for (let i = 0; i < 3; i++) contact.late(now + 5_000, TYPE.A, now + 5_000);
    t.equal(contact.retryAt, now + 10_000, 'and then it begins anew');
  },
);

t.test('packets that were out at the same time are late once', async (t) => {
  const contact = new Contact(target('192.0.2.1'), 1e9);
  for (let i = 0; i < 50; i++) contact.late(400 + i, TYPE.A, 0);
  t.ok(contact.mayAsk(450));
  for (let i = 0; i < 50; i++) contact.late(1_200, TYPE.A, 450);
  t.ok(contact.mayAsk(1_200), 'sent when the first were late, and lost too');
  contact.late(1_500, TYPE.A, 1_199);
  t.ok(contact.mayAsk(1_500), 'sent before it was seen that these were');
  contact.late(2_000, TYPE.A, 1_200);
  t.notOk(contact.mayAsk(2_000), 'three, one after the other');
});

t.test('whoever asks after a silence begins the next: nobody else asks for five seconds', async (t) => {
  const contact = new Contact(target('192.0.2.1'), 1e9);
  t.ok(contact.mayAsk(0));
  for (let i = 0; i < 3; i++) contact.late(0, TYPE.A, 0);
  for (let now = 0; now < 5_000; now += 100) t.notOk(contact.mayAsk(now), `${now}`);
  // Where all servers of the zone are silent, the pause is this long however often it was.
  for (const now of [5_000, 10_000, 15_000, 20_000]) {
    t.ok(contact.mayAsk(now));
    contact.asked(now);
    t.notOk(contact.mayAsk(now), 'one question finds out for all');
    t.notOk(contact.mayAsk(now + 4_999));
  }
  t.equal(contact.retryAt, 20_000 + 80_000, 'where others reply, it grows');
  contact.heard(20_001);
  t.ok(contact.mayAsk(20_001));
  contact.asked(20_001);
  t.ok(contact.mayAsk(20_001), 'of one that replies all ask');
});

t.test(
  'silence of one that was heard a moment ago counts when it has not been heard for longer',
  async (t) => {
    const dead = new Contact(target('192.0.2.1'), 1e9);
    dead.heard(0);
    for (let i = 0; i < 3; i++) dead.late(1_000, TYPE.A, 1_000);
    dead.asked(4_999);
    t.ok(dead.mayAsk(4_999), 'it may be there');
    dead.asked(5_000);
    dead.asked(5_000);
    t.ok(dead.mayAsk(5_000), 'it may have dropped a name');
    dead.asked(5_000);
    t.notOk(dead.mayAsk(5_000), 'three packets are to find out');
    const quiet = new Contact(target('192.0.2.1'), 1e9);
    quiet.heard(0);
    for (let i = 0; i < 3; i++) quiet.late(1_000, TYPE.A, 1_000);
    for (let i = 0; i < 9; i++) quiet.asked(31_000);
    t.ok(quiet.mayAsk(31_000), 'what it dropped long ago is forgotten');
    quiet.late(31_200, TYPE.A, 31_200);
    t.ok(quiet.mayAsk(31_200), 'so that one lost packet is one');
    const choosy = new Contact(target('192.0.2.1'), 1e9);
    choosy.heard(0);
    for (let i = 0; i < 3; i++) choosy.late(1_000, TYPE.AAAA, 1_000);
    choosy.asked(5_000);
    t.ok(choosy.mayAsk(5_000), 'it drops a type that it does not know (RFC 4074 section 4.1)');
    for (let i = 0; i < 3; i++) choosy.late(6_000, TYPE.AAAA, 6_000);
    t.notOk(choosy.mayAsk(6_000), 'for as long as it is heard otherwise');
  },
);

t.test('a lame server is asked last for a minute, and to be heard does not change that', async (t) => {
  const contact = new Contact(target('192.0.2.1'), 1e9);
  contact.lame(1000);
  t.equal(contact.lameUntil, 61_000);
  contact.heard(2000);
  t.equal(contact.lameUntil, 61_000);
  contact.served();
  t.ok(contact.lameUntil < 0, 'until it serves it');
});

t.test('names that are no cuts: so many are remembered', async (t) => {
  const made = cut('test.');
  for (let i = 0; i < 1000; i++) made.noteInner(name(`n${i}.test.`));
  const known = Array.from({ length: 1000 }, (_, i) => made.isInner(name(`N${i}.test.`)));
  t.equal(known.filter(Boolean).length, 256);
  t.ok(known[0]);
});

t.test('bounds: the least used cuts are forgotten', async (t) => {
  const cuts = new ZoneCuts(3);
  for (const zone of ['a.', 'b.', 'c.']) cuts.put(1, cut(zone));
  cuts.deepest(1, name('www.a.'), 0);
  cuts.put(1, cut('d.'));
  t.equal(cuts.size, 3);
  t.notOk(cuts.at(1, name('b.'), 0));
  t.ok(cuts.at(1, name('a.'), 0));
});

t.test('a cut that is ended, and flush', async (t) => {
  const cuts = new ZoneCuts();
  for (const zone of ['.', 'test.', 'corp.test.']) {
    cuts.put(1, cut(zone));
    cuts.put(11, cut(zone));
  }
  cuts.end(cuts.at(1, name('CORP.test.'), 0)!);
  t.notOk(cuts.at(1, name('corp.test.'), 0));
  t.ok(cuts.at(11, name('corp.test.'), 0));
  const removed = cuts.flush((zone, context) => context === 11 && zone.length > 1);
  t.equal(removed, 2);
  t.ok(cuts.at(11, name('.'), 0));
  t.ok(cuts.at(1, name('test.'), 0));
});
