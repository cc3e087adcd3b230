import t from 'tap';
import { faultOf } from '../../../src/control/health/probe/reasons.ts';

const of = (code?: string) => faultOf(Object.assign(new Error('x'), code === undefined ? {} : { code }));

t.test('what this host is the cause of says nothing of the endpoint', async (t) => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'])
    t.match(of(code), { own: true, reason: `this node cannot connect: ${code}` });
  for (const code of [
    'ECONNREFUSED',
    'ECONNRESET',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ETIMEDOUT',
    'HPE_X',
    undefined,
  ])
    t.equal(of(code).own, false);
});

t.test('words', async (t) => {
  t.match(of('ETIMEDOUT').reason, /^Connection timed out\. The endpoint or the internet connection is down/);
  t.equal(of('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE').reason, 'SSL alert handshake_failure');
  t.equal(of('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE').reason, 'SSL alert handshake_failure');
  t.equal(of('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION').reason, 'SSL alert protocol_version');
  t.equal(of('ERR_SSL_WRONG_VERSION_NUMBER').reason, 'The SSL handshake failed: wrong version number.');
  t.equal(of('HPE_INVALID_CONSTANT').reason, 'The response is not HTTP.');
  t.equal(of().reason, 'The connection failed: unknown error.');
});
