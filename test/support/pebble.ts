/** Pebble, the test server of ACME: an authority for certificates that has challenges proved for real. */
import { join } from 'node:path';
import { connect } from 'node:tls';
import { type Certificate, certificate } from './certificate.ts';
import { freePort } from './ports.ts';
import { type DnsServer, start } from './servers.ts';

export interface Pebble extends Pick<DnsServer, 'log' | 'stop'> {
  /** Where ACME begins. */
  readonly directory: string;
  /** By which its clients know it. */
  readonly certificate: Certificate;
}

/**
 * Starts Pebble, which asks this DNS server and no other. It proves everything each time, and nothing of what it does
 * is left to chance: of the nonces that it refuses at random, certbot 2.1 with Python 3.11 makes an error of its own.
 */
export async function startPebble(dns: { readonly address: string; readonly port: number }): Promise<Pebble> {
  const management = await freePort();
  let own: Certificate | undefined;
  const server = await start(
    {},
    {
      program: 'pebble',
      env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0', PEBBLE_WFE_NONCEREJECT: '0' },
      args: (folder) => [
        ...['-config', join(folder, 'conf'), '-strict'],
        ...['-dnsserver', `${dns.address}:${dns.port}`],
      ],
      config: (folder, address, port) => {
        own = certificate(folder, 'pebble', { names: `IP:${address}` });
        return JSON.stringify({
          pebble: {
            listenAddress: `${address}:${port}`,
            managementListenAddress: `${address}:${management}`,
            certificate: own.certFile,
            privateKey: own.keyFile,
            httpPort: 5002,
            tlsPort: 5001,
            ocspResponderURL: '',
            externalAccountBindingRequired: false,
          },
        });
      },
      ready: speaksTls,
    },
  );
  const { address, port, log, stop } = server;
  return { directory: `https://${address}:${port}/dir`, certificate: own!, log, stop };
}

function speaksTls(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, rejectUnauthorized: false }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
