/** Servers that do not reply to one client query: how many packets they get from all its sub-queries together. */
import t from 'tap';
import { TRIES_MAX } from '../../src/resolver/candidate.ts';
import type { Target } from '../../src/resolver/target.ts';
import { Unheard } from '../../src/resolver/unheard.ts';

const target = (address: string): Target => ({ address }) as Target;

t.test('a server that is never late is sent as many as the query needs', async (t) => {
  const unheard = new Unheard();
  const server = target('192.0.2.1');
  for (let i = 0; i < 50; i++) {
    t.ok(unheard.mayAsk(server));
    unheard.sent(server);
  }
});

t.test('one that was late gets three packets in all, until it replies', async (t) => {
  const unheard = new Unheard();
  const [server, other] = [target('192.0.2.1'), target('192.0.2.2')];
  const sent = (): number => {
    let packets = 0;
    for (; packets < 50 && unheard.mayAsk(server); packets++) unheard.sent(server);
    return packets;
  };
  unheard.sent(server);
  unheard.late(server);
  t.equal(sent(), TRIES_MAX - 1);
  unheard.late(server);
  t.notOk(unheard.mayAsk(server), 'late again: nothing is given back');
  t.ok(unheard.mayAsk(other));
  unheard.heard(server);
  t.ok(unheard.mayAsk(server));
  t.equal(sent(), 50);
});
