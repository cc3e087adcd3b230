import { X509Certificate } from 'node:crypto';
import { parseAddress } from '../../util/cidr.ts';
import type { Designation, EncryptedListening, ListenAddress } from '../../view/snapshot.ts';
import { TYPE } from '../../wire/constants.ts';
import { type Name, nameFromText } from '../../wire/name.ts';
import { SVC_KEY } from '../../wire/rdata/svcparam.ts';
import type { Rrset } from '../../wire/record.ts';

/** What `_dns.resolver.arpa` says is true until a reload, and clients ask again as often as this says. */
const DESIGNATION_TTL = 300;
const DNS_RESOLVER_ARPA = nameFromText('_dns.resolver.arpa.');

/** In order of preference: a query by DNS over TLS costs both sides less. RFC 9461 section 4: ports that go without saying. */
const PROTOCOLS = [
  { protocol: 'dot', priority: 1, alpn: ['dot'], port: 853, path: '' },
  { protocol: 'doh', priority: 2, alpn: ['h2', 'http/1.1'], port: 443, path: '/dns-query{?dns}' },
] as const;

/**
 * What an endpoint tells of its encrypted protocols (DDR, RFC 9462 section 4): a record for each protocol and port, that
 * leads to the name that its certificate is for. Undefined where that is for addresses only: there is no name to tell.
 */
export function designationOf({
  dot,
  doh,
  credentials,
}: Pick<EncryptedListening, 'dot' | 'doh' | 'credentials'>): Designation | undefined {
  const target = hostOf(credentials.cert);
  if (target === undefined) return undefined;
  const rdatas: Uint8Array[] = [];
  for (const { protocol, priority, alpn, port: usual, path } of PROTOCOLS)
    for (const [port, addresses] of byPort(protocol === 'dot' ? dot : doh)) {
      const params = [param(SVC_KEY.ALPN, Buffer.concat(alpn.map(withLength)))];
      if (port !== usual) params.push(param(SVC_KEY.PORT, Buffer.from([port >> 8, port & 0xff])));
      const [ipv4, ipv6] = hintsOf(addresses);
      if (ipv4.length > 0) params.push(param(SVC_KEY.IPV4HINT, Buffer.concat(ipv4)));
      if (ipv6.length > 0) params.push(param(SVC_KEY.IPV6HINT, Buffer.concat(ipv6)));
      if (path !== '') params.push(param(SVC_KEY.DOHPATH, Buffer.from(path)));
      // A copy of its own: a snapshot takes whole buffers to other threads, and Node's are parts of larger ones.
      rdatas.push(new Uint8Array(Buffer.concat([Buffer.from([0, priority]), target, ...params])));
    }
  const answer = { name: DNS_RESOLVER_ARPA, type: TYPE.SVCB, ttl: DESIGNATION_TTL, rdatas };
  return { answer, additional: addressesOf(target, [...dot, ...doh]) };
}

/** The name that the certificate is for, the first of them that is a host. */
function hostOf(cert: string): Name | undefined {
  const names = new X509Certificate(cert).subjectAltName ?? '';
  const host = /(?:^|, )DNS:([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)(?=,|$)/.exec(names)?.[1];
  // A name of a certificate may be longer than one of DNS.
  return host === undefined || host.length > HOST_CHARS_MAX ? undefined : nameFromText(host);
}

const HOST_CHARS_MAX = 253;

function byPort(listen: readonly ListenAddress[]): Map<number, string[]> {
  const ports = new Map<number, string[]>();
  for (const { address, port } of listen) ports.set(port, [...(ports.get(port) ?? []), address]);
  return ports;
}

/** Octets of IPv4 and IPv6 addresses. A wildcard says no address, and what is link-local none that others could use. */
function hintsOf(addresses: readonly string[]): [ipv4: Uint8Array[], ipv6: Uint8Array[]] {
  const octets = [...new Set(addresses)]
    .filter((address) => address !== '0.0.0.0' && address !== '::' && !address.includes('%'))
    .map((address) => parseAddress(address));
  return [octets.filter(({ length }) => length === 4), octets.filter(({ length }) => length === 16)];
}

/** What section 4 wants beside the answer, so that clients need not ask for it. */
function addressesOf(target: Name, listen: readonly ListenAddress[]): Rrset[] {
  const [ipv4, ipv6] = hintsOf(listen.map(({ address }) => address));
  const set = (type: number, rdatas: Uint8Array[]): Rrset[] =>
    rdatas.length === 0 ? [] : [{ name: target, type, ttl: DESIGNATION_TTL, rdatas }];
  return [...set(TYPE.A, ipv4), ...set(TYPE.AAAA, ipv6)];
}

function param(key: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0, key, value.length >> 8, value.length & 0xff]), value]);
}

function withLength(text: string): Buffer {
  return Buffer.from([text.length, ...Buffer.from(text)]);
}
