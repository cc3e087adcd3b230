/**
 * Scenarios of the field that do not go here as Unbound would have them, each with the reason, its failing steps and
 * what is to be seen there; all other steps must go as they are. One that goes is an error too, so that the list
 * stays true.
 */
export interface Exception {
  readonly reason: string;
  readonly steps: Readonly<Record<number, RegExp>>;
}

/** Scenarios that are played with servers that do a little more, or less wrong: as they stand they must fail. */
export interface Mended {
  readonly reason: string;
  /** RRSIGs are put where they belong. */
  readonly signatures?: true;
  /** More replies. */
  readonly ranges?: string;
}

const REFUSED = /header: .* is expected, and it is QR RA opcode 0 REFUSED/;
const SERVFAIL = /is expected, and it is QR RD RA (CD )?opcode 0 SERVFAIL/;
const INSECURE = /header: QR RD RA AD .* is expected, and it is QR RD RA opcode 0 NOERROR/;

const SNOOP =
  'RD=0 asks what is in the cache, by allow_snoop: nobody may do that here (Unbound refuses by default too)';
const EDE = 'another EDE, which is no less true';
const SPARE = 'a denial is given with the records that prove it, not with all that the server sent';
const MALFORMED = 'a message with malformed rdata is not taken in parts: its server is as good as silent';
const GLUE =
  'servers in the zone that they serve, without glue: the parent is not asked for what it left out';
const PREFETCH = 'popular is what is asked for twice; Unbound refreshes what is asked for once';
const TTL_ZERO =
  'TTL 0 serves the question at hand (RFC 1035 section 3.2.1); Unbound keeps it for a second of grace';
const ITERATIONS =
  '123 NSEC3 iterations: more than 50 make a zone insecure (RFC 9276 section 3.2), in Unbound more than 150';
const ALIAS_PROOF =
  'the proof that the target is in an insecure zone stands beside the alias; here its DS are asked for';

const answered = (lines: string): RegExp => new RegExp(`^answer \\(.*\\n${lines}`);
const spare = (names: string): RegExp =>
  new RegExp(`authority \\(.*\\n(    - (${names}) \\d+ (NSEC3?|RRSIG NSEC3?) .*\\n?)+(  the answer|$)`, 'i');

export const EXCEPTIONS: Readonly<Record<string, Exception>> = {
  black_ds_entry: { reason: SNOOP, steps: { 30: REFUSED, 122: REFUSED } },
  black_key_entry: { reason: SNOOP, steps: { 30: REFUSED, 122: REFUSED } },
  black_prime_entry: { reason: SNOOP, steps: { 12: REFUSED, 122: REFUSED } },
  fetch_glue: { reason: GLUE, steps: { 10: SERVFAIL } },
  fetch_glue_cname: { reason: GLUE, steps: { 10: SERVFAIL } },
  fwd_minimal: { reason: SNOOP, steps: { 34: REFUSED } },
  fwd_scrub_rrsig: {
    reason: '16 RRSIGs of an RRset are kept, in Unbound 8',
    steps: { 4: answered('(    \\+ .* RRSIG A .*\\n){8}') },
  },
  iter_class_any: {
    reason: 'only class IN is served',
    steps: { 10: /header: .* is expected, and it is QR RD RA opcode 0 REFUSED/ },
  },
  iter_dname_ttl0: { reason: TTL_ZERO, steps: { 40: SERVFAIL } },
  iter_dname_ttl0_grace: {
    reason: `${TTL_ZERO}; a failure is remembered for 5 s at least, and less have passed (RFC 9520 section 3.2)`,
    steps: {
      40: SERVFAIL,
      47: SERVFAIL,
      52: SERVFAIL,
      57: SERVFAIL,
      112: SERVFAIL,
    },
  },
  iter_fwdfirst: { reason: 'there is no forward-first: a rule is a rule', steps: { 10: SERVFAIL } },
  iter_ignore_empty: {
    reason: 'NOERROR with nothing in it is NODATA if it says AA (RFC 2308 section 2.2); others are not asked',
    steps: { 10: answered('    - www.example.com. 3600 A 10.20.30.40\\n  the') },
  },
  iter_prefetch: { reason: PREFETCH, steps: { 130: answered('.* 3600 A .*\\n.* 360 A') } },
  iter_prefetch_change: { reason: PREFETCH, steps: { 100: answered('.* 3600 A .*\\n.* 360 A') } },
  iter_prefetch_change2: {
    reason: `${PREFETCH}; a delegation holds for as long as the parent says, in Unbound no longer than the child says`,
    steps: {
      100: answered('.* 86400 A 10.2.2.2\\n.* 30 A 10.1.1.1'),
      180: answered('.* 86369 A 10.2.2.2\\n.* 269 A 10.1.1.1'),
      200: answered('.* 86369 A 10.2.2.2\\n.* 269 A 10.1.1.1'),
    },
  },
  iter_prefetch_childns: { reason: PREFETCH, steps: { 130: answered('.* 1800 A .*\\n.* 180 A') } },
  iter_prefetch_fail: {
    reason: PREFETCH,
    steps: { 180: answered('.* 330 A .*\\n.* 3570 A'), 200: answered('.* 3600 A .*\\n.* 3570 A') },
  },
  iter_prefetch_ns: { reason: PREFETCH, steps: { 91: answered('.* 3600 NS .*\\n.* 360 NS') } },
  iter_scrub_dname_rev: {
    reason:
      'an unsigned answer beside a signed DNAME of the same zone is bogus; the target is not asked for again',
    steps: { 90: SERVFAIL },
  },
  iter_scrub_ns_min: {
    reason: 'iter-scrub-ns: 1; how many name servers are given to clients cannot be chosen',
    steps: { 20: answered('(    \\+ \\. 86400 NS .\\.root-servers\\.net\\.\\n){12}') },
  },
  iter_scrub_rr_length: {
    reason: MALFORMED,
    steps: { 10: SERVFAIL, 30: SERVFAIL, 50: SERVFAIL, 70: SERVFAIL, 90: SERVFAIL, 110: SERVFAIL },
  },
  local_ds: {
    reason: `MNAME of a locally served zone is its name (RFC 6303 section 3); ${SPARE}`,
    steps: {
      10: /authority .*\n.* SOA localhost\..*\n.* SOA 10\.in-addr\.arpa\./,
      30: spare('10\\.in-addr\\.arpa\\.'),
    },
  },
  nsec_cross_zone: {
    reason: 'who says CD gets what the server said, also an NSEC record with a next name of another zone',
    steps: {
      10: answered(
        '    \\+ example\\.test\\. 3600 NSEC b\\.foo\\.test\\. .*\\n    \\+ .* RRSIG NSEC .*\\n  the',
      ),
    },
  },
  refuse_xfr: {
    reason: 'RA tells of the server, not of the question; IXFR is refused as AXFR is',
    steps: { 2: REFUSED, 4: REFUSED },
  },
  root_key_sentinel: { reason: SNOOP, steps: { 24: REFUSED, 35: REFUSED } },
  trust_cname_chain: {
    reason: "what a zone's server says of a target in the same zone is as good as what it says of the alias",
    steps: { 10: answered('.* A 10.20.30.42\\n.* A 10.20.30.40') },
  },
  ttl_max: { reason: SNOOP, steps: { 26: REFUSED } },
  ttl_max_negative: { reason: SNOOP, steps: { 26: REFUSED } },
  ttl_min: { reason: SNOOP, steps: { 26: REFUSED } },
  ttl_msg: {
    reason: `a denial keeps the SOA record that it came with; ${SNOOP}`,
    steps: { 36: /authority .*\n.* 10 SOA \. \. 17 .*\n.* 5 SOA \. \. 15 /, 56: REFUSED },
  },
  val_any_cap: {
    reason: '39 signatures in one answer; 32 are checked for one question',
    steps: { 10: SERVFAIL },
  },
  val_cnameother: {
    reason: 'of a CNAME beside other data, which must not be, the data that was asked for counts',
    steps: { 21: answered('    - www2.example.test. 3600 CNAME ') },
  },
  val_cnameqtype_qmin: {
    reason:
      'NXDOMAIN with NSEC records that do not cover the name is bogus, Unbound takes them from another reply; who asks for CNAME is not told of its target (RFC 1034 section 3.6.2), and NXDOMAIN with it is no answer',
    steps: {
      130: SERVFAIL,
      150: SERVFAIL,
      190: /NXDOMAIN is expected, and it is QR RD RA AD opcode 0 NOERROR/,
    },
  },
  val_cnametocloser: { reason: SPARE, steps: { 10: spare('(l0c0e5|1lq4sb)\\w+\\.example\\.com\\.') } },
  val_cnametocloser_nosig: { reason: SNOOP, steps: { 21: REFUSED } },
  val_cnametocnamewctoposwc: {
    reason: 'the answer is under 1232 octets: it is not truncated',
    steps: { 10: /header: QR TC RD RA AD .* is expected, and it is QR RD RA AD opcode 0 NOERROR/ },
  },
  val_cnametoinsecure: { reason: ALIAS_PROOF, steps: { 10: SERVFAIL, 30: SERVFAIL } },
  val_cnametonodata_nonsec: {
    reason: `${EDE}; ${SNOOP}`,
    steps: { 10: /EDE: 10 is expected, and it is 12/, 12: REFUSED },
  },
  val_cnametonsec: { reason: SPARE, steps: { 10: spare('sub\\.example\\.com\\.') } },
  val_cnametooptin: { reason: SPARE, steps: { 10: spare('7t1ect\\w+\\.example\\.com\\.') } },
  val_cnametooptout: {
    reason: 'a forwarder that answers with a referral does not resolve',
    steps: { 10: SERVFAIL },
  },
  val_cnametoposnowc: {
    reason: `${EDE}; ${SNOOP}`,
    steps: { 10: /EDE: 6 is expected, and it is 12/, 12: REFUSED },
  },
  val_dnametoolong: {
    reason: 'AD speaks of the records in the answer, and the DNAME is validated (RFC 4035 section 3.2.3)',
    steps: { 10: /YXDOMAIN is expected, and it is QR RD RA AD opcode 0 YXDOMAIN/ },
  },
  val_dnamewc: {
    reason: `a DNAME that a wildcard made is taken with its proof (RFC 6672 section 3.3 leaves it open); ${SNOOP}`,
    steps: { 10: /SERVFAIL is expected, and it is QR RD RA AD opcode 0 NOERROR/, 12: REFUSED },
  },
  val_failure_dnskey: { reason: EDE, steps: { 30: /EDE: 23 is expected, and it is 5/ } },
  val_nodata_ent: { reason: SPARE, steps: { 10: spare('example\\.com\\.') } },
  val_nodata_entnx: {
    reason: 'NXDOMAIN for an empty non-terminal is bogus: its own NSEC record shows that the name exists',
    steps: { 10: SERVFAIL },
  },
  val_nodata_entwc: { reason: SPARE, steps: { 10: spare('example\\.com\\.') } },
  val_nodata_failsig: {
    reason: `${MALFORMED}; ${SNOOP}`,
    steps: { 10: /EDE: 6 is expected, and it is 22/, 12: REFUSED },
  },
  val_nodatawc: { reason: SPARE, steps: { 10: spare('ns\\.example\\.com\\.') } },
  val_nsec3_entnodata_optout_match: { reason: ITERATIONS, steps: { 10: INSECURE } },
  val_nsec3_nodatawccname: {
    reason: ITERATIONS,
    steps: { 10: /SERVFAIL is expected, and it is .* NOERROR/ },
  },
  val_nsec3_nods_badopt: { reason: ITERATIONS, steps: { 10: /SERVFAIL is expected, and it is .* NOERROR/ } },
  val_nx_nsec3_collision: {
    reason: ITERATIONS,
    steps: { 10: /SERVFAIL is expected, and it is .* NXDOMAIN/ },
  },
  val_nx_nsec3_params: { reason: ITERATIONS, steps: { 10: /SERVFAIL is expected, and it is .* NXDOMAIN/ } },
  val_nx_overreach: {
    reason: `${EDE}; ${SNOOP}`,
    steps: { 10: /EDE: 6 is expected, and it is 12/, 12: REFUSED },
  },
  val_refer_unsignadd: { reason: SNOOP, steps: { 12: REFUSED } },
  val_referd: { reason: SNOOP, steps: { 6: REFUSED } },
  val_scrub_rr_length: { reason: MALFORMED, steps: { 10: /EDE: 0 is expected, and it is 22/ } },
  val_unsec_cname: {
    reason: 'who asks for DS at an alias gets the alias (RFC 1034 section 3.6.2)',
    steps: {
      30: answered('    \\+ a\\.b\\.sub\\.example\\.com\\. 3600 CNAME c\\.c\\.example\\.com\\.\\n  the'),
    },
  },
};

const MISPLACED =
  'the RRSIG of the answer stands in the additional section (RFC 4035 section 3.1.1 forbids it)';
const answer = (question: string, section: string, address = '1.2.3.4'): string => `
RANGE_BEGIN 0 1000
ADDRESS ${address}
ENTRY_BEGIN
MATCH opcode qtype qname
ADJUST copy_id
REPLY QR AA NOERROR
SECTION QUESTION
${question}
${section}
ENTRY_END
RANGE_END`;
const NS_ADDRESS = answer('ns.example.com. IN A', 'SECTION ANSWER\nns.example.com. IN A 1.2.3.4');
const FOREIGN_GLUE =
  "an address that was glue for one zone's server is not used for another's: its own zone is asked";

const NO_DS = 'a server that has a denial of DS gives it to who asks for DS';
const SUB_DS = 'sub.example.com. IN DS';
const DENIES_DS = 'a server that gives no signatures has no DS records, and says so to who asks for them';
const deniesDs = (name: string, zone: string, address: string): string =>
  answer(
    `${name} IN DS`,
    `SECTION AUTHORITY\n${zone} IN SOA ns.example.com. root.example.com. 4 14400 3600 604800 3600`,
    address,
  );
const SUB_WITHOUT_SIGNATURES = deniesDs('www.sub.example.com.', 'sub.example.com.', '1.2.3.6');

export const MENDED: Readonly<Record<string, Mended>> = {
  iter_dnsseclame_bug: { reason: DENIES_DS, ranges: SUB_WITHOUT_SIGNATURES },
  iter_dnsseclame_ds: { reason: DENIES_DS, ranges: SUB_WITHOUT_SIGNATURES },
  iter_dnsseclame_ta: {
    reason: DENIES_DS,
    ranges: deniesDs('www.example.com.', 'example.com.', '1.2.3.55'),
  },
  iter_emptydp: { reason: MISPLACED, signatures: true },
  iter_emptydp_for_glue: { reason: MISPLACED, signatures: true },
  iter_primenoglue: { reason: MISPLACED, signatures: true },
  val_cnameqtype_qmin: { reason: FOREIGN_GLUE, ranges: NS_ADDRESS },
  val_cnametonsec: {
    reason: NO_DS,
    ranges: answer(
      SUB_DS,
      `SECTION AUTHORITY
sub.example.com. IN NSEC zzz.example.com. NS
sub.example.com. 3600 IN RRSIG NSEC 3 3 3600 20070926134802 20070829134802 2854 example.com. AJPvjSrqGbe3ZBOxV9J3XyFeOqrcPfIYPIWnlmj6G+PebJdAkvwIu9o=`,
    ),
  },
  val_cnametooptin: {
    reason: NO_DS,
    ranges: answer(
      SUB_DS,
      `SECTION AUTHORITY
7t1ect6t5vp0s7se8si9d07roqupr3gc.example.com. IN NSEC3 1 0 1 - 7t1ect6t5vp0s7se8si9d07roqupr3gd NS
7t1ect6t5vp0s7se8si9d07roqupr3gc.example.com. 3600 IN RRSIG NSEC3 3 3 3600 20070926134802 20070829134802 2854 example.com. AIiTSxI4hTDiDzo+bMaOKSvjIyoChgjY19y2NQG/Mtt80sNbDBY126I=`,
    ),
  },
  val_dnameqtype: { reason: FOREIGN_GLUE, ranges: NS_ADDRESS },
  val_dnameqtype_qmin: { reason: FOREIGN_GLUE, ranges: NS_ADDRESS },
  val_negcache_dssoa: {
    reason: NO_DS,
    ranges: answer(
      SUB_DS,
      `SECTION AUTHORITY
sub.example.com. IN NSEC www.example.com. NS RRSIG NSEC
sub.example.com. 3600 IN RRSIG NSEC 3 3 3600 20070926134150 20070829134150 2854 example.com. MCwCFDCaiDM6G+glwNW276HWdH+McmjgAhRSwF5OfimNQCqkWgnYotLOwUghKQ==
example.com. 7200 IN SOA ns.example.com. h.example.com. 2007090504 1800 1800 2419200 7200
example.com. 7200 IN RRSIG SOA 3 2 3600 20070926134150 20070829134150 2854 example.com. MCwCFC5uwIHSehZtetK2CMNXttSFUB0XAhROFDAgy/FaxR8zFXJzyPdpQG93Sw==`,
    ),
  },
  val_positive: { reason: MISPLACED, signatures: true },
  val_spurious_ns: { reason: MISPLACED, signatures: true },
  val_ta_algo_dnskey: { reason: MISPLACED, signatures: true },
  val_unalgo_anchor: { reason: MISPLACED, signatures: true },
};
