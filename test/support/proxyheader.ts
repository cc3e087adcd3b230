import { parseAddress } from '../../src/util/cidr.ts';

/** Headers of the PROXY protocol, as proxies write them. Ports of the proxy's side are 53. */
export function headerV1(address: string, port: number): Buffer {
  const [family, to] = address.includes(':') ? ['TCP6', '2001:db8::53'] : ['TCP4', '198.51.100.53'];
  return Buffer.from(`PROXY ${family} ${address} ${to} ${port} 53\r\n`);
}

/** @param more type-length-values behind the addresses */
export function headerV2(
  address: string,
  port: number,
  { more = Buffer.alloc(0), transport = 1 } = {},
): Buffer {
  const octets = parseAddress(address);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(port, 0);
  ports.writeUInt16BE(53, 2);
  const family = (octets.length === 4 ? 0x10 : 0x20) | transport;
  return rawV2(0x21, family, Buffer.concat([octets, octets, ports, more]));
}

/** LOCAL: the proxy asks for itself. */
export function headerOwn(): Buffer {
  return rawV2(0x20, 0, Buffer.alloc(0));
}

export function rawV2(command: number, family: number, rest: Uint8Array): Buffer {
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n....', 'latin1');
  head[12] = command;
  head[13] = family;
  head.writeUInt16BE(rest.length, 14);
  return Buffer.concat([head, rest]);
}
