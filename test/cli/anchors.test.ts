/** Keys that are followed (RFC 5011), as the operator sees them. */
import t from 'tap';
import type { AnchorsReport } from '../../src/view/report.ts';
import { cli } from '../support/cli.ts';
import { startFakeDaemon } from '../support/fake-daemon.ts';

const report: AnchorsReport = {
  anchors: [
    { zone: '.', record: 'DNSKEY', keyTag: 20326, algorithm: 'RSASHA256', state: 'valid' },
    {
      zone: '.',
      record: 'DNSKEY',
      keyTag: 46211,
      algorithm: 'RSASHA256',
      state: 'addpend',
      since: '2026-06-01T00:00:00.000Z',
      secondsLeft: 12 * 86_400,
    },
    {
      zone: '.',
      record: 'DS',
      keyTag: 38696,
      algorithm: 'RSASHA256',
      digest: 'SHA-256',
      state: 'missing',
    },
  ],
  looks: [
    { zone: '.', validated: '2026-06-01T00:00:00.000Z', next: '2026-06-02T00:00:00.000Z' },
    { zone: 'corp.example.' },
  ],
  negative: [],
};

t.test('states of keys, how long a new one still waits, and when they are looked at again', async (t) => {
  const daemon = await startFakeDaemon({ daemon: { anchors: () => report } });
  const { code, out } = await cli(['anchors', '--socket', daemon.socket.path]);
  t.equal(code, 0);
  t.equal(
    out,
    `TRUST ANCHOR  RECORD  KEY TAG  ALGORITHM  DIGEST   STATE
.             DNSKEY    20326  RSASHA256  -        valid
.             DNSKEY    46211  RSASHA256  -        addpend, 12 d left
.             DS        38696  RSASHA256  SHA-256  missing

KEYS FOLLOWED  VALIDATED                 NEXT LOOK
.              2026-06-01T00:00:00.000Z  2026-06-02T00:00:00.000Z
corp.example.  not yet                   -

no negative trust anchor
`,
  );
  await daemon.close();
});
