import t from 'tap';
import {
  NO_FIREWALL_RULE,
  readQueryRecord,
  revisionOfRecord,
  writeQueryRecord,
} from '../../src/telemetry/queryrecord.ts';
import { parseAddress } from '../../src/util/cidr.ts';
import { RingReader, RingWriter, ringBuffer } from '../../src/util/ring.ts';

const NONE = new Uint8Array(0);

t.test('what is written is read, at the ends of each range', async (t) => {
  const buffer = ringBuffer(1 << 18);
  const writer = new RingWriter(buffer);
  const reader = new RingReader(buffer);
  const message = Uint8Array.from({ length: 65_535 }, (_, i) => i);
  const wall = Date.UTC(2106, 0, 1) + 999;
  const sender = {
    address: parseAddress('2001:db8::1'),
    port: 65_535,
    transport: 'tcp',
    endpoint: 65_535,
  } as const;
  const query = message.slice(0, 65_535).reverse();
  const whose = [0xffff_ffff, wall, 65_535, sender] as const;
  const what = ['cache', 4095, 65_534, 0xffff_ffff, 65_535] as const;
  t.ok(writeQueryRecord(writer, ...whose, ...what, query, query.length, message));
  t.ok(reader.next());
  t.equal(revisionOfRecord(reader), 0xffff_ffff);
  t.same(readQueryRecord(reader), {
    revision: 0xffff_ffff,
    wall,
    view: 65_535,
    endpoint: 65_535,
    address: sender.address,
    port: 65_535,
    transport: 'tcp',
    from: 'cache',
    rcode: 4095,
    firewallRule: 65_534,
    draw: 0xffff_ffff,
    elapsed: 65_535,
    query,
    message,
  });
  reader.take();

  const least = { address: parseAddress('192.0.2.1'), port: 0, transport: 'udp', endpoint: 0 } as const;
  const verdict = ['lookup', 0, NO_FIREWALL_RULE, 0, -0.5] as const;
  t.ok(writeQueryRecord(writer, 0, 0, 0, least, ...verdict, query, 3, Uint8Array.of(1)));
  t.ok(reader.next());
  t.match(readQueryRecord(reader), {
    ...{ revision: 0, wall: 0, view: 0, from: 'lookup', rcode: 0, firewallRule: NO_FIREWALL_RULE },
    ...least,
    elapsed: 0,
    query: query.slice(0, 3),
    message: Uint8Array.of(1),
  });
  reader.take();
  t.notOk(reader.next());
});

t.test('a full ring says so', async (t) => {
  const writer = new RingWriter(ringBuffer(128));
  const sender = { address: parseAddress('192.0.2.1'), port: 1, transport: 'udp', endpoint: 0 } as const;
  const write = () =>
    writeQueryRecord(writer, 1, 0, 0, sender, 'cache', 0, 0, 0, 0, NONE, 0, new Uint8Array(40));
  t.equal(write(), true);
  t.equal(write(), false);
});

t.test('each transport is told from the others', async (t) => {
  const buffer = ringBuffer(1024);
  const [writer, reader] = [new RingWriter(buffer), new RingReader(buffer)];
  for (const transport of ['udp', 'tcp', 'dot', 'doh'] as const)
    for (const from of ['cache', 'lookup'] as const) {
      const sender = { address: parseAddress('192.0.2.1'), port: 1, transport, endpoint: 0 };
      t.ok(writeQueryRecord(writer, 1, 0, 0, sender, from, 0, 0, 0, 0, NONE, 0, new Uint8Array(12)));
      t.ok(reader.next());
      t.match(readQueryRecord(reader), { transport, from, address: sender.address });
      reader.take();
    }
});
