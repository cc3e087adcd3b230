/** The simulated Internet, and what it says is true of it. */
import t from 'tap';
import { nameFromText } from '../../src/wire/name.ts';
import { type Fault, Internet } from './internet.ts';
import { verdictOn } from './truth.ts';

const TEXT = `www A 192.0.2.1
www A 192.0.2.2
alias CNAME www
*.wild TXT "w"
out CNAME www.plain.test.
a.ent A 192.0.2.3
old DNAME www.plain.test.
`;

function world(fault?: Fault): Internet {
  const internet = new Internet();
  internet.zone('test.', { sign: { split: true } });
  internet.zone('corp.test.', { sign: {}, text: TEXT });
  internet.zone('hash.test.', { sign: { denial: { optOut: true } }, text: TEXT });
  internet.zone('plain.test.', { text: TEXT });
  internet.zone('sub.corp.test.', { text: TEXT });
  if (fault !== undefined) internet.break('corp.test.', fault);
  return internet;
}

t.test('truth: answers, aliases over zones, denials, and whether they are secure', (t) => {
  const internet = world();
  const says = (name: string, type = 'A'): string => {
    const { rcode, answer, security } = internet.truth(name, type);
    return `${rcode} ${security} ${answer.length}`;
  };
  t.equal(says('www.corp.test.'), 'NOERROR secure 2');
  t.equal(says('alias.corp.test.'), 'NOERROR secure 3');
  t.equal(says('out.corp.test.'), 'NOERROR insecure 3');
  t.equal(says('www.plain.test.'), 'NOERROR insecure 2');
  t.equal(says('www.sub.corp.test.'), 'NOERROR insecure 2');
  t.equal(says('nothing.corp.test.'), 'NXDOMAIN secure 0');
  t.equal(says('ent.corp.test.'), 'NOERROR secure 0');
  t.equal(says('x.y.wild.corp.test.', 'TXT'), 'NOERROR secure 1');
  t.equal(says('x.old.corp.test.'), 'NXDOMAIN insecure 2');
  t.equal(says('nothing.hash.test.'), 'NXDOMAIN insecure 0', 'an opt-out gap proves little');
  t.equal(says('ent.hash.test.'), 'NOERROR secure 0');
  t.equal(says('x.wild.hash.test.', 'TXT'), 'NOERROR insecure 1');
  t.equal(says('corp.test.', 'DS'), 'NOERROR secure 1');
  t.equal(says('plain.test.', 'DS'), 'NOERROR secure 0');
  t.equal(says('nothing.'), 'NXDOMAIN secure 0');
  t.end();
});

t.test('truth: what each fault makes of a zone', (t) => {
  const expected: Record<Fault, string> = {
    expired: 'bogus bogus bogus',
    'not-yet-valid': 'bogus bogus bogus',
    'wrong-key': 'bogus bogus bogus',
    'missing-rrsig': 'bogus bogus bogus',
    'wrong-signature': 'bogus bogus bogus',
    'wrong-dnskey-signature': 'bogus bogus bogus',
    'no-nsec': 'secure bogus bogus',
    'nsec3-iterations': 'secure insecure insecure',
    'unsupported-algorithm': 'insecure insecure insecure',
    'bad-ds': 'bogus bogus bogus',
    'unsupported-digest': 'insecure insecure insecure',
    'missing-ds-proof': 'secure secure insecure',
    'ds-but-unsigned': 'bogus bogus bogus',
  };
  for (const [fault, verdict] of Object.entries(expected)) {
    const internet = world(fault as Fault);
    const { data, denial } = verdictOn(internet.zoneOf('corp.test.'));
    const below = verdictOn(internet.zoneOf('sub.corp.test.')).data;
    t.equal(`${data} ${denial} ${below}`, verdict, fault);
    t.ok(internet.zoneOf('corp.test.').data.records.length > 0, 'and it can be made');
  }
  t.end();
});

t.test('a delegation has glue for servers within, and DS where the zone is signed', (t) => {
  const internet = world();
  const { data } = internet.zoneOf('test.');
  t.ok(data.node(nameFromText('ns1.corp.test.'))?.has(1));
  t.ok(data.node(nameFromText('corp.test.'))?.has(43));
  t.notOk(data.node(nameFromText('plain.test.'))?.has(43));
  internet.undelegate('plain.test.');
  t.equal(internet.zoneOf('test.').data.node(nameFromText('plain.test.')), undefined);
  t.equal(internet.truth('www.plain.test.', 'A').rcode, 'NXDOMAIN');
  t.end();
});
