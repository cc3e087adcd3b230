/**
 * Records per second of the zone-file reader: `node test/bench/zonefile.ts [records]`. Address records only,
 * then a mix of what zones hold. The design asks for 1 M records in 10 s on 2 cores.
 */
import { nameFromText } from '../../src/wire/name.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';

const records = Number(process.argv[2] ?? 1_000_000);
const HEAD = '$ORIGIN example.\n$TTL 300\n@ IN SOA ns admin 1 3600 600 86400 60\n@ NS ns\n';

const address = (i: number): string =>
  `h${i}.example. 300 IN A 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

/** Ten lines that stand for a zone people write. */
const MIX: readonly ((i: number) => string)[] = [
  (i) => `h${i} A 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`,
  (i) => `\tAAAA 2001:db8::${(i & 0xffff).toString(16)}`,
  (i) => `www${i}\t3600\tIN\tCNAME\th${i}`,
  (i) => `mail${i} IN MX 10 mx${i % 7}.example. ; the ${i}th`,
  (i) => `t${i} TXT "v=spf1 ip4:192.0.2.0/24 -all" "x ${i}"`,
  (i) => `_sip._tcp.s${i} 1h SRV 0 5 5060 h${i}`,
  (i) => `p${i} PTR host${i}.example.net.`,
  (i) => `sub${i} NS ns.sub${i}`,
  (i) => `ns.sub${i} A 10.1.2.${i & 255}`,
  (i) => `web${i} HTTPS 1 . ( alpn="h2,h3"\n    ipv4hint=192.0.2.${i & 255} )`,
];

function zone(line: (i: number) => string): Buffer {
  const lines: string[] = [HEAD];
  for (let i = 0; i < records; i++) lines.push(line(i));
  return Buffer.from(lines.join('\n'), 'latin1');
}

for (const [name, line] of [
  ['addresses', address],
  ['mix', (i: number) => MIX[i % MIX.length]!(Math.floor(i / MIX.length))],
] as const) {
  const text = zone(line);
  let count = 0;
  let octets = 0;
  const cpuBefore = process.cpuUsage();
  const start = process.hrtime.bigint();
  const errors = parseZone(text, {
    origin: nameFromText('example.'),
    file: `${name}.zone`,
    onRecord: (rr) => {
      count++;
      octets += rr.name.length + rr.rdata.length;
    },
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpu = ((user + system) / 1e6).toFixed(2);
  const mib = (text.length / 1048576).toFixed(1);
  console.log(
    `${name.padEnd(10)} ${count} records, ${mib} MiB, ${octets} octets of data, ${errors.length} errors: ` +
      `${seconds.toFixed(2)} s (${cpu} s of CPU), ${Math.round(count / seconds)} records/s`,
  );
  if (errors[0] !== undefined) console.log(errors[0]);
}
