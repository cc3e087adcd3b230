/**
 * Rdata of every type in presentation form, most of it from the RFCs. `text` is what is read, `printed` what is
 * printed where that is not the same, `hex` the wire form, with blanks where they help,
 * where it was known without this code.
 */
export interface Sample {
  readonly type: string;
  readonly text: string;
  readonly printed?: string;
  readonly hex?: string;
}

const KEY =
  'AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8nokfzj31GajIQKY+5CptLr3buXA10hWqTkF7H6RfoRqXQeogmMHfpftf6zMv1' +
  'LyBUgia7za6ZEzOJBOztyvhjL742iU/TpPSEDhm2SNKLijfUppn1UaNvv4w==';
const SIGNATURE =
  'oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTrPYGv07h108dUKGMeDPKijVCHX3DDKdfb+v6oB9wfuh3DTJXUAfI/M0zmO/zz8bW0Rznl8O3tGNazPwQKkR' +
  'N20XPXV6nwwfoXmJQbsLNrLfkGJ5D6fwFm8nN+6pBzeDQfsS3Ap3o=';
const HIP_KEY =
  'AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gsNrut79ryra+bSRGQb1slI' +
  'mA8YVJyuIDsj7kwzG7jnERNqnWxZ48AWkskmdHaVDP4BcelrTI3rMXdXF5D';
const SHORT_KEY = 'AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==';
const SHA256 = 'D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A';
const SHA384 =
  '72D7B62976CE06438E9C0BF319013CF801F09ECC84B8D7E9495F27E305C6A9B0563A9B5F4D288405C3008A946DF983D6';
const TEXT_255 = 'x'.repeat(255);
const FOO_EXAMPLE_COM = '03666f6f076578616d706c6503636f6d00';
const FOO_EXAMPLE_ORG = '03666f6f076578616d706c65036f726700';

/** All types that can be in a zone, without SOA. */
export const SAMPLES: readonly Sample[] = [
  { type: 'A', text: '10.0.0.52', hex: '0a000034' },
  { type: 'A', text: '255.255.255.255', hex: 'ffffffff' },
  { type: 'A', text: '\\# 4 c0000201', printed: '192.0.2.1', hex: 'c0000201' },
  { type: 'NS', text: 'VENERA.ISI.EDU.', hex: '0656454e455241 03495349 03454455 00' },
  { type: 'NS', text: '.', hex: '00' },
  { type: 'NS', text: 'relative', printed: 'relative.example.', hex: '0872656c6174697665076578616d706c6500' },
  { type: 'MD', text: 'host.example.' },
  { type: 'MF', text: 'host.example.' },
  { type: 'CNAME', text: 'USC-ISIC.ARPA.' },
  {
    type: 'CNAME',
    text: 'a\\.b.c\\\\d.\\000\\032\\200.example.',
    hex: '03612e6203635c64030020c8076578616d706c6500',
  },
  { type: 'MB', text: 'mail.example.' },
  { type: 'MG', text: 'member.example.' },
  { type: 'MR', text: 'renamed.example.' },
  { type: 'PTR', text: 'MULTICS.MIT.EDU.' },
  { type: 'HINFO', text: '"DEC-2060" "TOPS20"', hex: '084445432d3230363006544f50533230' },
  { type: 'HINFO', text: 'PC "Linux box"', printed: '"PC" "Linux box"' },
  { type: 'MINFO', text: 'owner.example. errors.example.' },
  { type: 'MX', text: '10 VENERA.ISI.EDU.', hex: '000a 0656454e455241 03495349 03454455 00' },
  { type: 'MX', text: '0 .', hex: '000000' },
  { type: 'TXT', text: '"v=spf1 +mx a:colo.example.com/28 -all"' },
  { type: 'TXT', text: 'one "two words" "" \\"quoted\\"', printed: '"one" "two words" "" "\\"quoted\\""' },
  {
    type: 'TXT',
    text: '"a;b\\;c" "\\\\ \\000\\009\\127\\255"',
    printed: '"a;b;c" "\\\\ \\000\\009\\127\\255"',
  },
  { type: 'TXT', text: `"${TEXT_255}" "${TEXT_255}"` },
  { type: 'TXT', text: '"\\#" "4"', printed: '"#" "4"', hex: '01230134' },
  { type: 'RP', text: 'louie.trantor.umd.edu. LAM1.people.umd.edu.' },
  { type: 'RP', text: '. .', hex: '0000' },
  { type: 'AFSDB', text: '1 bigbird.toaster.com.' },
  { type: 'RT', text: '10 NET.Prime.COM.' },
  { type: 'SIG', text: `A 5 3 86400 20030322173103 20030220173103 2642 example.com. ${SIGNATURE}` },
  { type: 'KEY', text: `256 3 5 ${KEY}` },
  { type: 'PX', text: '10 net2.it. PRMD-net2.ADMD-p400.C-it.' },
  { type: 'AAAA', text: '2001:db8::1', hex: '20010db8000000000000000000000001' },
  { type: 'AAAA', text: '::', hex: '00'.repeat(16) },
  { type: 'AAAA', text: '2001:DB8:0:0:1:0:0:1', printed: '2001:db8::1:0:0:1' },
  { type: 'AAAA', text: '::FFFF:192.0.2.1', printed: '::ffff:192.0.2.1' },
  {
    type: 'LOC',
    text: '42 21 54 N 71 06 18 W -24m 30m',
    printed: '42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m',
    hex: '00 33 16 13 89172dd0 70be15f0 00988d20',
  },
  {
    type: 'LOC',
    text: '52 14 05 N 00 08 50 E 10m',
    printed: '52 14 5.000 N 0 8 50.000 E 10.00m 1m 10000m 10m',
  },
  {
    type: 'LOC',
    text: '32 7 19 S 116 2 25 E 10m',
    printed: '32 7 19.000 S 116 2 25.000 E 10.00m 1m 10000m 10m',
  },
  { type: 'LOC', text: '90 0 0.000 S 180 0 0.000 W -100000.00m 0.00m 0.05m 90000000m' },
  { type: 'LOC', text: '0 0 0.001 N 0 0 59.999 E 42849672.95m 0.10m 0.90m 2m' },
  { type: 'SRV', text: '0 1 9 old-slow-box.example.com.' },
  { type: 'SRV', text: '0 0 0 .', hex: '00000000000000' },
  { type: 'NAPTR', text: '100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp.gatech.edu.' },
  {
    type: 'NAPTR',
    text: '100 10 "" "" "!^urn:cid:.+@([^\\\\.]+\\\\.)(.*)$!\\\\2!i" .',
  },
  { type: 'KX', text: '2 rt1h.example.com.' },
  { type: 'CERT', text: 'PGP 0 0 AQIDBA==', hex: '000300000001020304' },
  { type: 'CERT', text: '1 12345 RSASHA256 AQID', printed: 'PKIX 12345 8 AQID', hex: '0001303908010203' },
  { type: 'CERT', text: '65280 0 0 AQID', hex: 'ff00000000010203' },
  { type: 'DNAME', text: 'frobozz-division.acme.example.' },
  {
    type: 'APL',
    text: '1:192.168.32.0/21 !1:192.168.38.0/28',
    hex: '00011503c0a820 00011c83c0a826',
  },
  { type: 'APL', text: '1:224.0.0.0/4 2:ff00::/8', hex: '00010401e0 00020801ff' },
  { type: 'APL', text: '1:0.0.0.0/0 !2:::/0', hex: '0001000000020080' },
  { type: 'DS', text: '60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118' },
  {
    type: 'DS',
    text: `60485 RSASHA1 2 ${SHA256.slice(0, 20)} ${SHA256.slice(20)}`,
    printed: `60485 5 2 ${SHA256}`,
  },
  { type: 'DS', text: `10771 14 4 ${SHA384}` },
  { type: 'DS', text: '1 8 200 ABCD', hex: '000108c8abcd' },
  { type: 'SSHFP', text: '2 1 123456789ABCDEF67890123456789ABCDEF67890' },
  { type: 'SSHFP', text: `4 2 ${SHA256}` },
  { type: 'IPSECKEY', text: `10 1 2 192.0.2.38 ${SHORT_KEY}` },
  { type: 'IPSECKEY', text: `10 0 2 . ${SHORT_KEY}` },
  { type: 'IPSECKEY', text: `10 3 2 mygateway.example.com. ${SHORT_KEY}` },
  { type: 'IPSECKEY', text: `10 2 2 2001:db8:0:8002::2000:1 ${SHORT_KEY}` },
  { type: 'RRSIG', text: `A 5 3 86400 20030322173103 20030220173103 2642 example.com. ${SIGNATURE}` },
  {
    type: 'RRSIG',
    text: 'TYPE65280 13 0 4294967295 4294967295 0 65535 . AQID',
    printed: 'TYPE65280 13 0 4294967295 21060207062815 19700101000000 65535 . AQID',
    hex: 'ff000d00ffffffffffffffff00000000ffff00010203',
  },
  {
    type: 'NSEC',
    text: 'host.example.com. A MX RRSIG NSEC TYPE1234',
    hex: `04686f7374076578616d706c6503636f6d000006400100000003041b${'00'.repeat(26)}20`,
  },
  { type: 'NSEC', text: 'a.example. TYPE65535 NSEC A A', printed: 'a.example. A NSEC TYPE65535' },
  { type: 'DNSKEY', text: `256 3 5 ${KEY}` },
  {
    type: 'DNSKEY',
    text: '257 3 ED25519 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=',
    printed: '257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=',
  },
  { type: 'DHCID', text: 'AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=' },
  { type: 'DHCID', text: 'AAEBOSD+XR3Os/0LozeXVqcNc7FwCfQdWL3b/NaiUDlW2No=' },
  {
    type: 'NSEC3',
    text: '1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s NS SOA MX RRSIG DNSKEY NSEC3PARAM',
    printed: '1 1 12 AABBCCDD 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S NS SOA MX RRSIG DNSKEY NSEC3PARAM',
  },
  { type: 'NSEC3', text: '1 0 0 - 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S' },
  { type: 'NSEC3PARAM', text: '1 0 12 AABBCCDD', hex: '0100000c04aabbccdd' },
  { type: 'NSEC3PARAM', text: '1 0 0 -', hex: '0100000000' },
  { type: 'TLSA', text: `0 0 1 ${SHA256}` },
  { type: 'TLSA', text: '3 0 0 30820307308201EFA003020102020100' },
  { type: 'SMIMEA', text: `3 1 1 ${SHA256}` },
  { type: 'HIP', text: `2 200100107B1A74DF365639CC39F1D578 ${HIP_KEY}` },
  { type: 'HIP', text: `2 200100107B1A74DF365639CC39F1D578 ${HIP_KEY} rvs1.example.com. rvs2.example.com.` },
  { type: 'CDS', text: '0 0 0 00', hex: '0000000000' },
  { type: 'CDS', text: `60485 5 2 ${SHA256}` },
  { type: 'CDNSKEY', text: '0 3 0 AA==', hex: '0000030000' },
  { type: 'OPENPGPKEY', text: `${KEY.slice(0, 40)} ${KEY.slice(40)}`, printed: KEY },
  { type: 'CSYNC', text: '66 3 A NS AAAA', hex: '0000004200030004600000 08' },
  { type: 'CSYNC', text: '0 0', hex: '000000000000' },
  { type: 'ZONEMD', text: `2018031500 1 1 ${SHA384}` },
  { type: 'ZONEMD', text: '2018031500 1 240 E2D523F654B9422A96C5A8F4' },
  // RFC 9460 appendix D.
  { type: 'HTTPS', text: '0 foo.example.com.', hex: `0000${FOO_EXAMPLE_COM}` },
  { type: 'SVCB', text: '1 .', hex: '000100' },
  { type: 'SVCB', text: '16 foo.example.com. port=53', hex: `0010${FOO_EXAMPLE_COM}000300020035` },
  {
    type: 'SVCB',
    text: '1 foo.example.com. key667=hello',
    printed: '1 foo.example.com. key667="hello"',
    hex: `0001${FOO_EXAMPLE_COM}029b000568656c6c6f`,
  },
  {
    type: 'SVCB',
    text: '1 foo.example.com. key667="hello\\210qoo"',
    hex: `0001${FOO_EXAMPLE_COM}029b000968656c6c6fd2716f6f`,
  },
  {
    type: 'SVCB',
    text: '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
    printed: '1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1',
    hex: `0001${FOO_EXAMPLE_COM}0006002020010db800000000000000000000000120010db8000000000000000000530001`,
  },
  {
    type: 'SVCB',
    text: '1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"',
    printed: '1 example.com. ipv6hint=2001:db8:122:344::c000:221',
    hex: '0001076578616d706c6503636f6d000006001020010db80122034400000000c0000221',
  },
  {
    type: 'SVCB',
    text: '16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1',
    printed: '16 foo.example.org. mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1',
    hex: `0010${FOO_EXAMPLE_ORG}0000000400010004000100090268320568332d313900040004c0000201`,
  },
  {
    type: 'SVCB',
    text: '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
    hex: `0010${FOO_EXAMPLE_ORG}0001000c08665c6f6f2c626172026832`,
  },
  {
    type: 'SVCB',
    text: '16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2',
    printed: '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
    hex: `0010${FOO_EXAMPLE_ORG}0001000c08665c6f6f2c626172026832`,
  },
  {
    type: 'HTTPS',
    text: '1 . ech=AEX+DQBB no-default-alpn alpn=h2,h3 port=8443 ipv4hint=192.0.2.1,192.0.2.2 dohpath=/q{?dns}',
    printed:
      '1 . alpn="h2,h3" no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 ech=AEX+DQBB dohpath="/q{?dns}"',
  },
  { type: 'HTTPS', text: '1 . ohttp', hex: '0001000008 0000' },
  { type: 'HTTPS', text: '1 . key1=\\002h2 key65535', printed: '1 . alpn="h2" key65535' },
  { type: 'SPF', text: '"v=spf1 -all"' },
  { type: 'EUI48', text: '00-00-5e-00-53-2a', hex: '00005e00532a' },
  {
    type: 'EUI64',
    text: '00-00-5E-EF-10-00-00-2A',
    printed: '00-00-5e-ef-10-00-00-2a',
    hex: '00005eef1000002a',
  },
  { type: 'URI', text: '10 1 "ftp://ftp1.example.com/public"' },
  { type: 'CAA', text: '0 issue "ca1.example.net; account=230123"' },
  { type: 'CAA', text: '128 tbs "Unknown"', hex: '8003746273556e6b6e6f776e' },
  { type: 'CAA', text: '0 issue ""', hex: '00056973737565' },
  { type: 'TYPE731', text: '\\# 6 ABCDEF012345', hex: 'abcdef012345' },
  { type: 'TYPE62347', text: '\\# 0', hex: '' },
  { type: 'NULL', text: '\\# 3 aabbcc', printed: '\\# 3 AABBCC', hex: 'aabbcc' },
];

/** SOA, of which a zone has one. */
export const SOA_SAMPLES: readonly Sample[] = [
  {
    type: 'SOA',
    text: 'VENERA.ISI.EDU. Action\\.domains.ISI.EDU. 20 7200 600 3600000 60',
    hex: '0656454e455241034953490345445500 0e416374696f6e2e646f6d61696e73034953490345445500 00000014 00001c20 00000258 0036ee80 0000003c',
  },
  {
    type: 'SOA',
    text: 'ns hostmaster 4294967295 1h30m 2H 3w 4d',
    printed: 'ns.example. hostmaster.example. 4294967295 5400 7200 1814400 345600',
  },
];

/** Types of transactions, which no zone has. */
export const META_SAMPLES: readonly Sample[] = [
  { type: 'OPT', text: '\\# 0', hex: '' },
  { type: 'OPT', text: '\\# 8 000A0004DEADBEEF', hex: '000a0004deadbeef' },
  {
    type: 'TKEY',
    text: 'gss-tsig. 1700000000 1700003600 3 BADMODE 3 AQID 0',
    hex: '086773732d74736967 00 6553f100 6553ff10 0003 0013 0003 010203 0000',
  },
  {
    type: 'TSIG',
    text: 'hmac-sha256. 281474976710655 300 4 AQIDBA== 54321 18 6 AABlU/EA',
    printed: 'hmac-sha256. 281474976710655 300 4 AQIDBA== 54321 BADTIME 6 AABlU/EA',
    hex: '0b686d61632d736861323536 00 ffffffffffff 012c 0004 01020304 d431 0012 0006 00006553f100',
  },
  { type: 'TSIG', text: 'hmac-sha256. 1700000000 300 0 0 NOERROR 0' },
];

export const ALL_SAMPLES: readonly Sample[] = [...SAMPLES, ...SOA_SAMPLES, ...META_SAMPLES];
