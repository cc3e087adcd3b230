#!/usr/bin/python3
"""check.py --dir D [--server 127.0.0.1] [--port 53] [--sample N] [--lab] - ask a resolver and compare with truth.tsv.

Run inside the resolver's namespace (fakenet.py exec --dir D -- ./check.py ...), if there are any.  For every
sampled line it asks with DO=1 (CD=0) and checks the response code, the AD bit and,
where the line tells them, the answer's data.  Bogus lines are asked again with CD=1
and must then be answered.  A line whose rcode is '?' is only asked, not judged
(resolvers differ there); silence counts against no one on such a line.  Prints each difference and closes with counts; exit 1
when something differed.  --json FILE keeps the result per line for comparing runs.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import sys
import time

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype


def ask(opt, name, rtype, cd=False):
    q = dns.message.make_query(name, rtype, use_edns=0, payload=1232, want_dnssec=True)
    q.flags |= dns.flags.RD
    if cd:
        q.flags |= dns.flags.CD
    for attempt in range(opt.tries):            # as a stub resolver would
        try:
            r = dns.query.udp(q, opt.server, port=opt.port, timeout=opt.timeout)
            break
        except dns.exception.Timeout:
            if attempt == opt.tries - 1:
                raise
    if r.flags & dns.flags.TC:
        r = dns.query.tcp(q, opt.server, port=opt.port, timeout=opt.timeout)
    return r


def judge(opt, line):
    """'' when all is well, else what was wrong."""
    name, rtype, rcode, security, data = line.rstrip('\n').split('\t')
    try:
        r = ask(opt, name, rtype)
    except (dns.exception.DNSException, OSError) as ex:
        return '' if rcode == '?' else 'no answer (%s)' % type(ex).__name__
    got = dns.rcode.to_text(r.rcode())
    if rcode == '?':
        return ''
    if got != rcode:
        return 'rcode %s, expected %s' % (got, rcode)
    ad = bool(r.flags & dns.flags.AD)
    if security == 'secure' and not ad:
        return 'AD not set'
    if security == 'insecure' and ad:
        return 'AD set on insecure data'
    if security == 'bogus':
        try:
            r = ask(opt, name, rtype, cd=True)
        except (dns.exception.DNSException, OSError) as ex:
            return 'CD=1: no answer (%s)' % type(ex).__name__
        if r.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return 'CD=1: rcode %s' % dns.rcode.to_text(r.rcode())
        return ''
    if data:
        have = sorted(str(rd) for rr in r.answer for rd in rr if rr.rdtype != dns.rdatatype.RRSIG)
        want = data.split('|')
        if '*' in want:
            want = [w for w in want if w != '*']
            if not r.answer or not set(want) <= set(have):
                return 'answer %s, expected at least %s' % (have, want)
        elif have != want:
            return 'answer %s, expected %s' % (have, want)
    elif rcode == 'NOERROR' and any(rr.rdtype == dns.rdatatype.from_text(rtype) for rr in r.answer):
        return 'answer not empty'
    if security == 'secure' and not any(rr.rdtype == dns.rdatatype.RRSIG for rr in r.answer + r.authority):
        return 'no RRSIG in spite of DO'
    return ''


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--dir', required=True)
    p.add_argument('--server', default='127.0.0.1')
    p.add_argument('--port', type=int, default=53)
    p.add_argument('--sample', type=int, default=500, help='ordinary lines to ask')
    p.add_argument('--lab', action='store_true', help='only the odd zones under lab.')
    p.add_argument('--security', help='only lines of these: secure,bogus')
    p.add_argument('--timeout', type=float, default=5)
    p.add_argument('--tries', type=int, default=3)
    p.add_argument('--threads', type=int, default=8)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--json')
    opt = p.parse_args()
    lines = open(os.path.join(opt.dir, 'truth.tsv')).read().splitlines()
    lab = [x for x in lines if x.split('\t')[0].endswith('.lab.')]
    rest = [x for x in lines if not x.split('\t')[0].endswith('.lab.')]
    random.Random(opt.seed).shuffle(rest)
    chosen = lab + ([] if opt.lab else rest[:opt.sample])
    if opt.security:
        chosen = [x for x in chosen if x.split('\t')[3] in opt.security.split(',')]
    started, results, counts = time.time(), {}, collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(opt.threads) as pool:
        for line, verdict in zip(chosen, pool.map(lambda x: judge(opt, x), chosen)):
            name, rtype, rcode, security, _ = line.split('\t')
            results['%s %s' % (name, rtype)] = verdict
            group = 'lab' if name.endswith('.lab.') else 'ordinary'
            counts[group, bool(verdict)] += 1
            if verdict:
                print('DIFF %s %s [%s %s]: %s' % (name, rtype, rcode, security, verdict))
    if opt.json:
        json.dump(results, open(opt.json, 'w'), indent=1)
    for group in ('lab', 'ordinary'):
        print('%s: %d as expected, %d different' % (group, counts[group, False], counts[group, True]))
    print('in %.1f s' % (time.time() - started))
    sys.exit(1 if counts['lab', True] + counts['ordinary', True] else 0)


if __name__ == '__main__':
    main()
