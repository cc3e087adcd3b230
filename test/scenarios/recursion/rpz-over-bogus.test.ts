/**
 * RPZ over bogus (CVE-2026-50243): a rule of the firewall must not make an answer of one that fails validation. A name is
 * blocked before it is resolved, so there is nothing of its zone in that; where an alias leads is looked at once the
 * alias is validated.
 */
import t from 'tap';
import { EDE } from '../../../src/wire/constants.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import { Internet } from '../../support/internet.ts';
import { simulate } from '../../support/simulate.ts';

function setUp() {
  const internet = new Internet({ sign: {} });
  internet.zone('test.', { sign: {} });
  internet.zone('broken.test.', {
    sign: {},
    text: 'www CNAME bad.sound.test.\nbad A 192.0.2.66\n',
  });
  internet.zone('sound.test.', { sign: {}, text: 'www CNAME bad\nbad A 192.0.2.66\n' });
  internet.break('broken.test.', 'wrong-signature');
  const override = {
    kind: 'block',
    response: 'override',
    target: nameFromText('fine.sound.test.'),
    ttl: 30,
  } as const;
  const rules = [{ domains: ['bad.sound.test.'], action: override }, { domains: ['bad.broken.test.'] }];
  return simulate(internet, { world: { firewall: { rules } } });
}

t.test('an alias that fails validation stays SERVFAIL, whatever a rule says of where it leads', async (t) => {
  const resolver = setUp();
  const { rcode, answer, ede } = await resolver.ask('www.broken.test.', 'A');
  t.equal(rcode, 'SERVFAIL');
  t.same(answer, []);
  t.match(ede, [{ code: EDE.BOGUS }]);
});

t.test('one that is validated leads to what the rule says', async (t) => {
  const { rcode, ede } = await setUp().ask('www.sound.test.', 'A');
  t.equal(rcode, 'NXDOMAIN', 'there is no fine.sound.test.');
  t.match(ede, [{ code: EDE.FORGED_ANSWER }]);
});

t.test('a name that is blocked is not asked for', async (t) => {
  const { rcode, work, ede } = await setUp().ask('bad.broken.test.', 'A');
  t.equal(rcode, 'NXDOMAIN');
  t.match(ede, [{ code: EDE.BLOCKED }]);
  t.equal(work.packets, 0);
});
