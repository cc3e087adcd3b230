#!/usr/bin/python3
"""fakenet - a small Internet on one machine, for recursive DNS resolvers.

A signed root, top-level domains, second-level zones and sub-delegations,
served by NSD at four separate levels, with root hints and a trust anchor of
its own, on loopback addresses or in network namespaces.  See README.md.

  fakenet.py build  --dir D [--zones 10000 --tlds 50 --records 8 --signed 0.5 ...]
  fakenet.py up     --dir D
  fakenet.py run    --dir D             up; down when standard input ends
  fakenet.py exec   --dir D [--] COMMAND...     run something beside the resolver
  fakenet.py stats  --dir D             what the servers received so far
  fakenet.py down   --dir D
Needs Debian's nsd, bind9-dnsutils, python3-cryptography; for namespaces root and iproute2.
"""
import argparse
import bisect
import ipaddress
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True         # nothing is left beside the sources
from zonesign import (ECDSAP256, ED25519, RSASHA256, RSASHA512, Key, Zone, make_rsa_keys)

HERE = os.path.dirname(os.path.abspath(__file__))
DAY = 86400
# Debian keeps servers where not every user looks for programs.
os.environ['PATH'] = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
TLD_NAMES = ('com net org info biz io dev app cloud shop online site store tech xyz club live news blog agency '
             'de uk fr nl it es pl se no fi dk cz at ch be pt gr hu ro ie us ca mx br ar jp cn kr in au nz za ru '
             'eu asia mobi name pro aero museum').split()
SECOND_LEVEL = {'uk': ['co', 'org', 'ac'], 'au': ['com', 'net'], 'jp': ['co', 'ne'], 'br': ['com'], 'nz': ['co'],
                'za': ['co'], 'in': ['co']}
WORDS = ('amber arc atlas basin beacon birch blue bolt brook cedar chalk cliff cloud coast copper coral crest delta '
         'dune echo elm ember fern field flint fog forest frost gate glade gold grove harbor hazel hill iris isle '
         'ivory jade lake lark leaf linden lotus maple marsh meadow mesa mint mist moon moss north oak onyx opal '
         'orchid peak pine plum pond quartz rain raven reef ridge river rose sage sand shore silver sky slate snow '
         'spruce star stone storm stream sun swift thorn tide vale violet wave west willow wind wolf').split()


# ---------------------------------------------------------------- addresses

class Plan:
    """Who lives at which address. One /15 of the benchmarking range, cut into blocks by role."""

    def __init__(self, base, hosters, registries):
        self.base = int(ipaddress.IPv4Address(base))
        self.hosters, self.registries = hosters, registries

    def at(self, offset):
        return str(ipaddress.IPv4Address(self.base + offset))

    def root(self, i):
        return self.at(0x0001 + i)

    def tld(self, registry, i):
        return self.at(0x0100 + 4 * registry + i)

    def host(self, hoster, i):
        return self.at(0x0200 + 4 * hoster + i)

    def deep(self, i):
        return self.at(0x2000 + i)

    def odd(self, i):
        return self.at(0x4000 + i)

    def servers(self):
        return {'root': [self.root(i) for i in range(3)],
                'tld': [self.tld(r, i) for r in range(self.registries) for i in range(2)],
                'host': [self.host(h, i) for h in range(self.hosters) for i in range(2)],
                'deep': [self.deep(i) for i in range(2)]}


def v6(v4):
    return str(ipaddress.IPv6Address((0xfd53 << 112) | int(ipaddress.IPv4Address(v4))))


# ---------------------------------------------------------------- zone content

class Maker:
    """Makes the zones. Everything but the keys follows from the seed."""

    def __init__(self, opt):
        self.opt = opt
        self.plan = Plan(opt.base, opt.hosters, opt.registries)
        rng = random.Random(opt.seed)
        names = list(dict.fromkeys(TLD_NAMES))
        while len(names) < opt.tlds:
            names.append('t%03d' % len(names))
        self.tlds = names[:opt.tlds]
        self.suffixes = []                     # where second-level zones may be registered
        for t in self.tlds:
            self.suffixes += [s + '.' + t + '.' for s in SECOND_LEVEL.get(t, [])] or [t + '.']
        weights = [1.0 / (i + 1) ** 0.8 for i in range(len(self.suffixes))]
        total = sum(weights)
        edges, acc = [], 0.0
        for w in weights:
            acc += w / total
            edges.append(acc)
        self.zones = []                        # (name, security) by popularity rank
        seen = set()
        for i in range(opt.zones):
            while True:
                label = rng.choice(WORDS) + rng.choice(['', '-', '']) + rng.choice(WORDS) + str(rng.randrange(100))
                suffix = self.suffixes[min(bisect.bisect(edges, rng.random()), len(self.suffixes) - 1)]
                name = label + '.' + suffix
                if name not in seen:
                    seen.add(name)
                    break
            kind = 'insecure'
            if rng.random() < opt.signed:
                kind = 'nsec3' if rng.random() < opt.nsec3 else 'nsec'
            self.zones.append((name, kind))
        self.hoster_names = ['hoster%d.%s.' % (h, self.tlds[h % min(len(self.tlds), 12)]) for h in range(opt.hosters)]
        now = opt.now
        self.inception, self.expiration = now - DAY, now + opt.valid_days * DAY

    def pick_alg(self, rng):
        algs, weights = zip(*self.opt.algs)
        return rng.choices(algs, weights)[0]

    def soa(self, zone, ns, minimum=300):
        zone.add(zone.name, 'SOA', '%s hostmaster.%s 1 7200 3600 1209600 %d' % (
            ns, zone.name if zone.name != '.' else 'invalid.', minimum))

    def address(self, zone, owner, v4, ttl=None):
        zone.add(owner, 'A', v4, ttl)
        if self.opt.ipv6:
            zone.add(owner, 'AAAA', v6(v4), ttl)

    def sign(self, zone, kind, rng, **kw):
        """Sign zone the way `kind` says; returns the DS texts for its parent."""
        if kind == 'insecure':
            return []
        alg = kw.pop('alg', None) or self.pick_alg(rng)
        keys = kw.pop('keys', None)
        if keys is None:
            keys = [Key(alg, 257), Key(alg, 256)] if kw.pop('split', False) else [Key(alg, 257)]
        kw.pop('split', None)
        if kind == 'nsec3':
            kw.setdefault('nsec3', (self.opt.iterations, b''))
        zone.sign(keys, kw.pop('inception', self.inception), kw.pop('expiration', self.expiration), **kw)
        return [k.ds_text(zone.name) for k in keys if k.flags == 257]

    def hosted(self, index, name, kind):
        """One ordinary second-level zone -> (zones to write, what the parent must say, truth lines)."""
        opt, rng = self.opt, random.Random('%s/%d' % (self.opt.seed, index))
        z = Zone(name, ttl=rng.choice([300, 3600, 14400]))
        up, truth = [], []
        h = rng.randrange(opt.hosters)
        if rng.random() < 0.2:                 # vanity servers: glue needed
            ns = ['ns1.' + name, 'ns2.' + name]
            for i, n in enumerate(ns):
                self.address(z, n, self.plan.host(h, i))
                up.append((n, 'A', self.plan.host(h, i)))
                if opt.ipv6:
                    up.append((n, 'AAAA', v6(self.plan.host(h, i))))
        else:
            ns = ['ns%d.%s' % (i + 1, self.hoster_names[h]) for i in range(2)]
        self.soa(z, ns[0])
        for n in ns:
            z.add(name, 'NS', n)
            up.append((name, 'NS', n))
        sec = 'secure' if kind != 'insecure' else 'insecure'

        def say(owner, rtype, rcode, data=None, security=sec):
            truth.append('\t'.join([owner, rtype, rcode, security, '|'.join(sorted(data or []))]))

        ip = '192.0.%d.%d' % (rng.randrange(256), rng.randrange(1, 255))
        z.add(name, 'A', ip)
        z.add('www.' + name, 'A', ip)
        z.add('www.' + name, 'AAAA', '2001:db8::%x:%x' % (rng.randrange(65536), rng.randrange(65536)))
        z.add(name, 'MX', '10 mail.' + name)
        z.add('mail.' + name, 'A', '192.0.2.%d' % rng.randrange(1, 255))
        z.add(name, 'TXT', '"v=spf1 mx -all"')
        say('www.' + name, 'A', 'NOERROR', [ip])
        say(name, 'MX', 'NOERROR', ['10 mail.' + name])
        for i in range(max(0, opt.records - 8)):
            z.add('h%d.%s' % (i, name), 'A', '192.0.2.%d' % rng.randrange(1, 255))
        r = rng.random()
        if r < 0.25:
            z.add('alias.' + name, 'CNAME', 'www.' + name)
            say('alias.' + name, 'A', 'NOERROR', ['www.' + name, ip])
        elif r < 0.5:                          # CNAME into another zone
            other, okind = self.zones[rng.randrange(len(self.zones))]
            z.add('cdn.' + name, 'CNAME', 'www.' + other)
            both = 'secure' if sec == 'secure' and okind != 'insecure' else 'insecure'
            say('cdn.' + name, 'A', 'NOERROR', ['www.' + other, '*'], both)
        elif r < 0.65:
            z.add('*.dyn.' + name, 'A', '192.0.2.7')
            say('x%d.dyn.%s' % (index, name), 'A', 'NOERROR', ['192.0.2.7'])
        elif r < 0.8:
            z.add('a.b.' + name, 'A', '192.0.2.8')
            say('b.' + name, 'A', 'NOERROR')   # empty non-terminal
        elif r < 0.9:
            z.add('_sip._tcp.' + name, 'SRV', '10 5 5060 mail.' + name)
            say('_sip._tcp.' + name, 'SRV', 'NOERROR', ['10 5 5060 mail.' + name])
        else:
            z.add('big.' + name, 'TXT', ' '.join('"%s"' % ('x%02d-' % i * 60) for i in range(8)))
            say('big.' + name, 'TXT', 'NOERROR', ['*'])
        say('no%d.%s' % (index, name), 'A', 'NXDOMAIN')
        say('mail.' + name, 'AAAA', 'NOERROR')
        out = []
        if rng.random() < opt.deep:            # a further cut, on its own servers
            child = Zone('dept.' + name)
            dns = ['ns%d.dept.%s' % (i + 1, name) for i in range(2)]
            self.soa(child, dns[0])
            for i, n in enumerate(dns):
                child.add(child.name, 'NS', n)
                z.add(child.name, 'NS', n)
                self.address(child, n, self.plan.deep(i))
                self.address(z, n, self.plan.deep(i))
            child.add('www.' + child.name, 'A', '192.0.2.77')
            ckind = kind if rng.random() < 0.7 else 'insecure'
            for ds in self.sign(child, ckind, rng):
                z.add(child.name, 'DS', ds)
            say('www.' + child.name, 'A', 'NOERROR', ['192.0.2.77'],
                'secure' if ckind != 'insecure' and sec == 'secure' else 'insecure')
            out.append(('deep', child))
        for ds in self.sign(z, kind, rng):
            up.append((name, 'DS', ds))
        out.append(('host', z))
        return out, up, truth


_maker = None


def _start_worker(opt):
    global _maker
    _maker = Maker(opt)


def _work(index):
    name, kind = _maker.zones[index]
    zones, up, truth = _maker.hosted(index, name, kind)
    return write_zones(_maker.opt.dir, zones), name, up, truth


def write_zones(directory, zones):
    """Write zone files; returns [(level, zone name, file)] with files spread over sub-folders."""
    done = []
    for level, z in zones:
        sub = os.path.join('zones', level, '%02x' % (hash_name(z.name) & 0xff))
        os.makedirs(os.path.join(directory, sub), exist_ok=True)
        path = os.path.join(sub, ('root' if z.name == '.' else z.name.rstrip('.')) + '.zone')
        with open(os.path.join(directory, path), 'w') as f:
            f.write(z.text())
        done.append((level, z.name, path))
    return done


def hash_name(name):
    h = 5381
    for c in name:
        h = (h * 33 + ord(c)) & 0xffffffff
    return h


# ---------------------------------------------------------------- the lab: zones that are odd on purpose

ODD = ['drop', 'refused', 'servfail', 'formerr-edns', 'drop-edns', 'tc', 'wrong-id', 'lowercase', 'slow', 'notauth']


def lab_zones(m):
    """Zones under lab. with one peculiarity each -> (zones, parent records, truth).

    Truth security 'bogus' means SERVFAIL with CD=0 and an answer with CD=1.  Rcode '?' means: resolvers may
    differ, only an answer within the time limit is asked for."""
    rng = random.Random('lab')
    zones, up, truth = [], [], []
    plan, ns = m.plan, ['ns1.hoster0.%s.' % m.tlds[0], 'ns2.hoster0.%s.' % m.tlds[0]]

    def say(owner, rtype, rcode, security, data=None):
        truth.append('\t'.join([owner, rtype, rcode, security, '|'.join(sorted(data or []))]))

    def base(label, ttl=300):
        z = Zone(label + '.lab.', ttl)
        m.soa(z, ns[0])
        for n in ns:
            z.add(z.name, 'NS', n)
        z.add(z.name, 'A', '192.0.2.1')
        z.add('www.' + z.name, 'A', '192.0.2.2')
        return z

    def place(z, ds=(), server=None):
        for n in server or ns:
            up.append((z.name, 'NS', n))
        for d in ds:
            up.append((z.name, 'DS', d))
        zones.append(('host', z))

    def simple(label, kind='nsec', security='secure', rcode='NOERROR', **kw):
        z = base(label)
        ds = m.sign(z, kind, rng, **kw)
        place(z, ds)
        say('www.' + z.name, 'A', rcode, security, ['192.0.2.2'] if rcode == 'NOERROR' else None)
        return z

    for label, kw in [('ok-nsec', dict(alg=ECDSAP256)), ('ok-nsec3', dict(kind='nsec3', alg=ECDSAP256)),
                      ('ok-ed25519', dict(alg=ED25519)), ('ok-rsa256', dict(alg=RSASHA256)),
                      ('ok-rsa512', dict(alg=RSASHA512)), ('ok-split', dict(alg=ECDSAP256, split=True)),
                      ('ok-salt', dict(kind='nsec3', nsec3=(5, b'\xaa\xbb'))),
                      ('ok-optout', dict(kind='nsec3', optout=True))]:
        z = simple(label, **kw)
        say('no.' + z.name, 'A', 'NXDOMAIN', 'insecure?' if label == 'ok-optout' else 'secure')
        say('www.' + z.name, 'MX', 'NOERROR', 'secure')
    simple('unsigned', 'insecure', 'insecure')
    simple('bogus-sig', spoil=lambda o, t: o.startswith('www.'), security='bogus', rcode='SERVFAIL')
    say('bogus-sig.lab.', 'A', 'NOERROR', 'secure', ['192.0.2.1'])
    simple('bogus-dnskey', spoil=lambda o, t: t == 'DNSKEY', security='bogus', rcode='SERVFAIL')
    simple('expired', inception=m.opt.now - 60 * DAY, expiration=m.opt.now - 30 * DAY, security='bogus',
           rcode='SERVFAIL')
    simple('future', inception=m.opt.now + 300 * DAY, expiration=m.opt.now + 330 * DAY, security='bogus',
           rcode='SERVFAIL')
    z = base('bad-ds')
    m.sign(z, 'nsec', rng, alg=ECDSAP256)
    place(z, [Key(ECDSAP256, 257).ds_text(z.name)])
    say('www.' + z.name, 'A', 'SERVFAIL', 'bogus')
    z = base('nosig')
    place(z, [Key(ECDSAP256, 257).ds_text(z.name)])
    say('www.' + z.name, 'A', 'SERVFAIL', 'bogus')
    z = base('no-denial')
    place(z, m.sign(z, 'nsec', rng, alg=ECDSAP256, deny=False))
    say('www.' + z.name, 'A', 'NOERROR', 'secure', ['192.0.2.2'])
    say('no.' + z.name, 'A', 'SERVFAIL', 'bogus')
    z = base('unknown-alg')
    place(z, m.sign(z, 'nsec', rng, keys=[Key(ECDSAP256, 257, label=200)]))
    say('www.' + z.name, 'A', 'NOERROR', 'insecure', ['192.0.2.2'])
    z = base('unknown-digest')
    m.sign(z, 'nsec', rng, alg=ECDSAP256)
    place(z, [z.keys[0].ds_text(z.name, 200)])
    say('www.' + z.name, 'A', 'NOERROR', 'insecure', ['192.0.2.2'])
    z = base('two-ds')                          # one DS that matches nothing and one that does
    place(z, m.sign(z, 'nsec', rng, alg=ECDSAP256) + [Key(ECDSAP256, 257).ds_text(z.name)])
    say('www.' + z.name, 'A', 'NOERROR', 'secure', ['192.0.2.2'])
    z = base('iter2000')
    place(z, m.sign(z, 'nsec3', rng, alg=ECDSAP256, nsec3=(2000, b'')))
    say('no.' + z.name, 'A', '?', '?')

    z = base('wild')
    z.add('*.' + z.name, 'A', '192.0.2.50')
    place(z, m.sign(z, 'nsec', rng, alg=ECDSAP256))
    say('any.' + z.name, 'A', 'NOERROR', 'secure', ['192.0.2.50'])
    say('any.thing.' + z.name, 'A', 'NOERROR', 'secure', ['192.0.2.50'])
    say('any.' + z.name, 'MX', 'NOERROR', 'secure')
    z = base('wild3')
    z.add('*.' + z.name, 'A', '192.0.2.50')
    place(z, m.sign(z, 'nsec3', rng, alg=ECDSAP256))
    say('any.' + z.name, 'A', 'NOERROR', 'secure', ['192.0.2.50'])
    z = base('chain')
    for i in range(8):
        z.add('c%d.%s' % (i, z.name), 'CNAME', 'c%d.%s' % (i + 1, z.name))
    z.add('c8.' + z.name, 'A', '192.0.2.60')
    z.add('loop1.' + z.name, 'CNAME', 'loop2.' + z.name)
    z.add('loop2.' + z.name, 'CNAME', 'loop1.' + z.name)
    z.add('bogus.' + z.name, 'CNAME', 'www.bogus-sig.lab.')
    z.add('plain.' + z.name, 'CNAME', 'www.unsigned.lab.')
    z.add('gone.' + z.name, 'CNAME', 'no.ok-nsec3.lab.')
    place(z, m.sign(z, 'nsec', rng, alg=ECDSAP256))
    say('c0.' + z.name, 'A', 'NOERROR', 'secure', ['c%d.%s' % (i, z.name) for i in range(1, 9)] + ['192.0.2.60'])
    say('loop1.' + z.name, 'A', '?', '?')
    say('bogus.' + z.name, 'A', 'SERVFAIL', 'bogus')
    say('plain.' + z.name, 'A', 'NOERROR', 'insecure', ['www.unsigned.lab.', '192.0.2.2'])
    say('gone.' + z.name, 'A', 'NXDOMAIN', 'secure', ['no.ok-nsec3.lab.'])
    z = base('dname')
    z.add('d.' + z.name, 'DNAME', 'ok-nsec.lab.')
    place(z, m.sign(z, 'nsec', rng, alg=ECDSAP256))
    say('www.d.' + z.name, 'A', 'NOERROR', 'secure', ['ok-nsec.lab.', 'www.ok-nsec.lab.', '192.0.2.2'])
    z = base('big')
    z.add('big.' + z.name, 'TXT', ' '.join('"%s"' % (chr(97 + i % 26) * 250) for i in range(24)))
    place(z, m.sign(z, 'nsec', rng, alg=ECDSAP256))
    say('big.' + z.name, 'TXT', 'NOERROR', 'secure', ['*'])
    z = base('ttl0', ttl=0)
    place(z, m.sign(z, 'nsec', rng, alg=ECDSAP256))
    say('www.' + z.name, 'A', 'NOERROR', 'secure', ['192.0.2.2'])
    z = base('rare')
    z.add('x.' + z.name, 'TYPE65400', '\\# 4 deadbeef')
    z.add(z.name, 'CAA', '0 issue "ca.example"')
    place(z, m.sign(z, 'nsec', rng, alg=ECDSAP256))
    say('x.' + z.name, 'TYPE65400', 'NOERROR', 'secure', ['*'])
    say(z.name, 'CAA', 'NOERROR', 'secure', ['*'])

    # delegations whose servers misbehave (oddserver.py answers every name there with A 192.0.2.99)
    for i, mode in enumerate(ODD):
        name = mode + '.odd.lab.'
        up += [(name, 'NS', 'ns.' + name), ('ns.' + name, 'A', plan.odd(i))]
        rcode = {'formerr-edns': 'NOERROR', 'tc': 'NOERROR', 'slow': 'NOERROR', 'refused': 'SERVFAIL',
                 'servfail': 'SERVFAIL'}.get(mode, '?')
        say('www.' + name, 'A', rcode, 'insecure' if rcode == 'NOERROR' else '?',
            ['192.0.2.99'] if rcode == 'NOERROR' else None)
    up += [('halfdead.lab.', 'NS', ns[0]), ('halfdead.lab.', 'NS', 'ns.drop.odd.lab.')]
    z = base('halfdead')
    zones.append(('host', z))
    say('www.halfdead.lab.', 'A', 'NOERROR', 'insecure', ['192.0.2.2'])
    up += [('lame.lab.', 'NS', n) for n in ns]            # not served there: REFUSED
    say('www.lame.lab.', 'A', 'SERVFAIL', '?')
    up += [('gl-a.lab.', 'NS', 'ns.gl-b.lab.'), ('gl-b.lab.', 'NS', 'ns.gl-a.lab.')]
    say('www.gl-a.lab.', 'A', 'SERVFAIL', '?')
    up += [('nxns.lab.', 'NS', 'ns%d.no-such-%d.ok-nsec.lab.' % (i, i)) for i in range(40)]
    say('www.nxns.lab.', 'A', 'SERVFAIL', '?')
    return zones, up, truth


# ---------------------------------------------------------------- build

def build(opt):
    started = time.time()
    opt.now = int(started)
    shutil.rmtree(os.path.join(opt.dir, 'zones'), ignore_errors=True)
    os.makedirs(opt.dir, exist_ok=True)
    if os.path.exists(os.path.join(opt.dir, 'net.json')):
        os.unlink(os.path.join(opt.dir, 'net.json'))   # written last: without it there is nothing to bring up
    m = Maker(opt)
    written, parents, truth = [], {}, []

    def register(name, records):
        suffix = name.split('.', 1)[1]
        parents.setdefault(suffix, []).extend(records)

    make_rsa_keys()
    with multiprocessing.Pool(opt.jobs, _start_worker, (opt,)) as pool:
        for done, name, up, lines in pool.imap(_work, range(len(m.zones)), chunksize=50):
            written += done
            truth += lines
            register(name, up)

    rng = random.Random(opt.seed + 1)
    for h, name in enumerate(m.hoster_names):  # the hosting companies' own zones
        z = Zone(name)
        ns = ['ns1.' + name, 'ns2.' + name]
        m.soa(z, ns[0])
        up = []
        for i, n in enumerate(ns):
            z.add(name, 'NS', n)
            m.address(z, n, m.plan.host(h, i))
            up += [(name, 'NS', n), (n, 'A', m.plan.host(h, i))]
            if opt.ipv6:
                up.append((n, 'AAAA', v6(m.plan.host(h, i))))
        kind = 'nsec' if h % 2 == 0 else 'insecure'
        up += [(name, 'DS', ds) for ds in m.sign(z, kind, rng)]
        register(name, up)
        written += write_zones(opt.dir, [('host', z)])
    zones, up, lines = lab_zones(m)
    stubs = {'.': m.plan.servers()['root']}
    stubs.update((z.name, [m.plan.host(0, i) for i in range(2)]) for _, z in zones)
    parents.setdefault('lab.', []).extend(up)
    written += write_zones(opt.dir, zones)
    truth += lines

    root = Zone('.', 86400)
    m.soa(root, 'a.root-servers.net.', 900)
    rootserv = Zone('root-servers.net.', 3600000)  # unsigned and on the root servers, as in life
    m.soa(rootserv, 'a.root-servers.net.')
    for i in range(3):
        n = '%s.root-servers.net.' % 'abc'[i]
        for z in (root, rootserv):
            z.add(z.name, 'NS', n)
        m.address(rootserv, n, m.plan.root(i))
        m.address(root, n, m.plan.root(i))
    gtld = Zone('gtld-servers.net.')
    m.soa(gtld, 'a.gtld-servers.net.')
    for i in range(2):
        gtld.add(gtld.name, 'NS', '%s.gtld-servers.net.' % 'ab'[i])
        m.address(gtld, '%s.gtld-servers.net.' % 'ab'[i], m.plan.tld(0, i))
    written += write_zones(opt.dir, [('root', rootserv), ('tld', gtld)])

    def registry_zone(name, registry, kind):
        """A zone whose whole content is delegations."""
        z = Zone(name, 3600)
        if name in ('com.', 'net.'):
            ns, registry = ['a.gtld-servers.net.', 'b.gtld-servers.net.'], 0
        else:
            ns = ['%s.nic.%s' % (c, name) for c in 'ab']
        m.soa(z, ns[0], 900)
        glue = []
        for i, n in enumerate(ns):
            z.add(name, 'NS', n)
            if name not in ('com.', 'net.'):
                m.address(z, n, m.plan.tld(registry, i))
                glue += [(n, 'A', m.plan.tld(registry, i))]
                if opt.ipv6:
                    glue += [(n, 'AAAA', v6(m.plan.tld(registry, i)))]
        for owner, rtype, data in parents.get(name, []):
            z.add(owner, rtype, data)
        if name == 'net.':
            for i, c in enumerate('abc'):
                z.add('root-servers.net.', 'NS', c + '.root-servers.net.')
                m.address(z, c + '.root-servers.net.', m.plan.root(i))
            for i, c in enumerate('ab'):
                z.add('gtld-servers.net.', 'NS', c + '.gtld-servers.net.')
                m.address(z, c + '.gtld-servers.net.', m.plan.tld(0, i))
        if name == 'com.':
            for i, c in enumerate('ab'):
                glue += [('%s.gtld-servers.net.' % c, 'A', m.plan.tld(0, i))]
        return z, ns, glue

    all_tlds = m.tlds + ['lab']
    for i, t in enumerate(all_tlds):
        name, registry = t + '.', i % opt.registries
        if t == 'lab':
            stubs[name] = [m.plan.tld(registry, k) for k in range(2)]
        kind = 'nsec' if t == 'lab' or i % 5 == 4 else 'nsec3'
        z, ns, glue = registry_zone(name, registry, kind)
        for second in SECOND_LEVEL.get(t, []):  # co.uk and the like: same servers as their parent
            child, cns, cglue = registry_zone(second + '.' + name, registry, kind)
            for ds in m.sign(child, kind, rng, alg=ECDSAP256, split=True, optout=True):
                z.add(child.name, 'DS', ds)
            for n in cns:
                z.add(child.name, 'NS', n)
            for owner, rtype, data in cglue:
                z.add(owner, rtype, data)
            written += write_zones(opt.dir, [('tld', child)])
        for n in ns:
            root.add(name, 'NS', n)
        for owner, rtype, data in glue:
            root.add(owner, rtype, data)
        optout = kind == 'nsec3'
        for ds in m.sign(z, kind, rng, alg=ECDSAP256 if i % 3 else RSASHA256, split=True, optout=optout):
            root.add(name, 'DS', ds)
        written += write_zones(opt.dir, [('tld', z)])
    m.sign(root, 'nsec', rng, alg=RSASHA256, split=True)
    written += write_zones(opt.dir, [('root', root)])

    ksk = next(k for k in root.keys if k.flags == 257)
    put(opt.dir, 'root.key', '. 3600 IN DNSKEY %s\n' % ksk.dnskey_text())
    put(opt.dir, 'root.ds', '. 3600 IN DS %s\n' % ksk.ds_text('.'))
    hints = []
    for i in range(3):
        n = '%s.root-servers.net.' % 'abc'[i]
        hints += ['. 3600000 IN NS %s' % n, '%s 3600000 IN A %s' % (n, m.plan.root(i))]
        if opt.ipv6:
            hints.append('%s 3600000 IN AAAA %s' % (n, v6(m.plan.root(i))))
    put(opt.dir, 'named.root', '\n'.join(hints) + '\n')
    put(opt.dir, 'truth.tsv', '\n'.join(truth) + '\n')
    put(opt.dir, 'queries.txt', queries(m, truth, opt.queries))
    servers = m.plan.servers()
    put(opt.dir, 'net.json', json.dumps({
        'servers': servers, 'odd': {m.plan.odd(i): mode for i, mode in enumerate(ODD)}, 'ipv6': opt.ipv6,
        'base': opt.base, 'port': opt.port, 'loopback': opt.base.startswith('127.'), 'netns': opt.netns, 'zones': len(written), 'built': opt.now,
        'expires': m.expiration,
        'root_hints': [{'name': '%s.root-servers.net.' % 'abc'[i], 'address': m.plan.root(i)} for i in range(3)],
        'root_ds': ksk.ds_text('.'), 'stubs': stubs}, indent=1) + '\n')
    for level, addresses in servers.items():
        nsd_conf(opt, level, addresses + [v6(a) for a in addresses if opt.ipv6],
                 [(n, p) for lv, n, p in written if lv == level])
    signed = sum(1 for _, k in m.zones if k != 'insecure')
    print('built %d zones (%d of %d second-level signed), %d truth lines, in %.1f s' % (
        len(written), signed, len(m.zones), len(truth), time.time() - started))


def put(directory, name, text):
    with open(os.path.join(directory, name), 'w') as f:
        f.write(text)


def queries(m, truth, count):
    """dnsperf's input: names by Zipf popularity, with a share of misses; the lab stays out."""
    rng = random.Random(m.opt.seed + 2)
    by_zone = {}
    for line in truth:
        owner, rtype = line.split('\t')[:2]
        if not owner.endswith('.lab.'):
            by_zone.setdefault(tuple(owner.split('.')[-3:]), []).append((owner, rtype))
    groups = list(by_zone.values())
    edges, acc = [], 0.0
    for i in range(len(groups)):
        acc += 1.0 / (i + 1) ** m.opt.zipf
        edges.append(acc)
    out = []
    for _ in range(count):
        group = groups[min(bisect.bisect(edges, rng.random() * acc), len(groups) - 1)]
        owner, rtype = group[min(int(rng.expovariate(1.2)), len(group) - 1)]
        out.append('%s %s' % (owner.rstrip('.'), rtype))
    return '\n'.join(out) + '\n'


def nsd_conf(opt, level, addresses, zones):
    directory = opt.dir
    run = os.path.join(directory, 'run')
    os.makedirs(run, exist_ok=True)
    lines = ['server:', '  server-count: 1', '  username: ""', '  chroot: ""', '  zonesdir: "%s"' % directory,
             '  pidfile: "%s/nsd-%s.pid"' % (run, level), '  logfile: "%s/nsd-%s.log"' % (run, level),
             '  zonelistfile: "%s/nsd-%s.list"' % (run, level), '  xfrdfile: ""', '  xfrdir: "%s"' % run,
             '  database: ""', '  rrl-ratelimit: 0', '  rrl-whitelist-ratelimit: 0', '  minimal-responses: no',
             '  tcp-count: 400', '  hide-version: yes', '  zonefiles-check: no']
    lines += ['  ip-address: %s@%d' % (a, opt.port) for a in addresses]
    lines += ['remote-control:', '  control-enable: no']
    for name, path in zones:
        lines += ['zone:', '  name: "%s"' % name, '  zonefile: "%s"' % path]
    put(directory, 'nsd-%s.conf' % level, '\n'.join(lines) + '\n')


# ---------------------------------------------------------------- up and down

def sh(*cmd, check=True):
    return subprocess.run(cmd, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def state_file(directory):
    return os.path.join(directory, 'run', 'state.json')


def read_state(opt):
    try:
        return json.load(open(state_file(opt.dir)))
    except FileNotFoundError:
        sys.exit('not up: %s' % opt.dir)


def write_state(state):
    put(os.path.join(state['dir'], 'run'), 'state.json', json.dumps(state) + '\n')


def make_namespaces(net):
    """Two namespaces joined by a veth pair; the servers' addresses live on the loopback of the first."""
    auth, res = net['netns'] + '-auth', net['netns'] + '-res'
    for ns in (auth, res):
        sh('ip', 'netns', 'add', ns)
        sh('ip', '-n', ns, 'link', 'set', 'lo', 'up')
    addresses = [a for level in net['servers'].values() for a in level] + list(net['odd'])
    batch = ['addr add %s/32 dev lo' % a for a in addresses]
    if net['ipv6']:
        batch += ['addr add %s/128 dev lo nodad' % v6(a) for a in addresses]
    subprocess.run(['ip', '-n', auth, '-batch', '-'], input='\n'.join(batch) + '\n', text=True, check=True)
    sh('ip', 'link', 'add', 'fnr0', 'netns', res, 'type', 'veth', 'peer', 'name', 'fna0', 'netns', auth)
    for ns, dev, own in ((res, 'fnr0', '198.51.100.1'), (auth, 'fna0', '198.51.100.2')):
        sh('ip', '-n', ns, 'addr', 'add', own + '/24', 'dev', dev)
        sh('ip', '-n', ns, '-6', 'addr', 'add', 'fd52::%s/64' % own[-1], 'dev', dev, 'nodad', check=False)
        sh('ip', '-n', ns, 'link', 'set', dev, 'up')
    sh('ip', '-n', res, 'route', 'add', 'default', 'via', '198.51.100.2')
    sh('ip', '-n', res, '-6', 'route', 'add', 'default', 'via', 'fd52::2', check=False)


def up(opt):
    started = time.time()
    directory = opt.dir
    net = json.load(open(os.path.join(directory, 'net.json')))
    run = os.path.join(directory, 'run')
    if os.path.exists(state_file(directory)):
        sys.exit('already up: run "fakenet.py down --dir %s" first' % directory)
    if net['expires'] - time.time() < DAY:
        sys.exit('the signatures in %s are about to expire: build again' % directory)
    for f in os.listdir(run):
        if f.endswith(('.log', '.pid')):
            os.unlink(os.path.join(run, f))
    state = {'dir': directory, 'pids': [], 'netns': None if net['loopback'] else net['netns']}
    write_state(state)
    try:
        start_servers(net, state)
    except BaseException:
        down(opt)
        raise
    where = 'port %d of %s/16' % (net['port'], net['base'])
    if state['netns']:
        where = 'ip netns exec %s-res ...' % state['netns']
    print('up in %.1f s: %s; hints %s/named.root, anchor %s/root.key' % (
        time.time() - started, where, directory, directory), flush=True)


def start_servers(net, state):
    directory, prefix = state['dir'], []
    run = os.path.join(directory, 'run')
    if state['netns']:
        make_namespaces(net)
        prefix = ['ip', 'netns', 'exec', state['netns'] + '-auth']
    for level in net['servers']:
        out = sh(*prefix, 'nsd', '-c', os.path.join(directory, 'nsd-%s.conf' % level), check=False)
        if out.strip():
            print(out.strip())
    odd = subprocess.Popen(prefix + [sys.executable, os.path.join(HERE, 'oddserver.py'),
                                     os.path.join(directory, 'net.json')], start_new_session=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=open(os.path.join(run, 'odd.log'), 'w'))
    state['pids'].append(odd.pid)
    write_state(state)
    for level, addresses in net['servers'].items():
        zone = {'root': '.', 'tld': 'com.', 'host': 'hoster0.', 'deep': '.'}[level]
        wait_for(prefix, addresses[-1], net['port'], zone)
        state['pids'].append(int(open(os.path.join(run, 'nsd-%s.pid' % level)).read()))
        log = open(os.path.join(run, 'nsd-%s.log' % level)).read()
        if ': error:' in log:
            print('nsd-%s.log has errors:\n%s' % (level, '\n'.join(x for x in log.splitlines() if 'error:' in x)[:400]))
    write_state(state)


def wait_for(prefix, address, port, zone, limit=60):
    """Until the server at address answers anything at all."""
    end = time.time() + limit
    while time.time() < end:
        out = subprocess.run(prefix + ['dig', '-r', '+tries=1', '+time=1', '+norec', '-p', str(port), '@' + address,
                                       zone, 'SOA'], capture_output=True, text=True).stdout
        if 'status:' in out:
            return
        time.sleep(0.1)
    sys.exit('no answer from %s' % address)


def down(opt):
    state = read_state(opt)
    pids = set(state['pids'])
    run = os.path.join(state['dir'], 'run')
    for f in os.listdir(run):
        if f.startswith('nsd-') and f.endswith('.pid'):
            try:
                pids.add(int(open(os.path.join(run, f)).read()))
            except ValueError:
                pass
    for pid in pids:
        try:
            # A process of this folder: by now the number may be another's.
            if state['dir'] in open('/proc/%d/cmdline' % pid).read():
                os.kill(pid, signal.SIGTERM)
        except (FileNotFoundError, ProcessLookupError):
            pass
    time.sleep(0.5)
    if state['netns']:
        for side in ('-res', '-auth'):
            sh('ip', 'netns', 'del', state['netns'] + side, check=False)
    os.unlink(state_file(opt.dir))
    print('down')


def run_until_told(opt):
    """Up for as long as whoever holds the other end of standard input lives."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: sys.exit(1))
    up(opt)
    try:
        sys.stdin.read()
    finally:
        down(opt)


def run_in(opt):
    state = read_state(opt)
    cmd = [c for i, c in enumerate(opt.command) if not (i == 0 and c == '--')]
    if state['netns']:
        cmd = ['ip', 'netns', 'exec', state['netns'] + '-res'] + cmd
    os.execvp(cmd[0], cmd)


def stats(opt):
    """Counters of the servers' namespace: take them before and after a run to get upstream traffic."""
    state = read_state(opt)
    if not state['netns']:
        sys.exit('only in namespaces the counters are those of the servers alone')
    lines = sh('ip', 'netns', 'exec', state['netns'] + '-auth', 'cat', '/proc/net/snmp').splitlines()
    table = {h.split(':')[0]: dict(zip(h.split()[1:], v.split()[1:])) for h, v in zip(lines[::2], lines[1::2])}
    print(json.dumps({'udp_queries': int(table['Udp']['InDatagrams']), 'udp_answers': int(table['Udp']['OutDatagrams']),
                      'tcp_connections': int(table['Tcp']['PassiveOpens'])}))


def algs(text):
    return [(int(a), float(w or 1)) for a, _, w in (p.partition(':') for p in text.split(','))]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest='verb', required=True)
    b = sub.add_parser('build')
    b.add_argument('--dir', required=True)
    b.add_argument('--zones', type=int, default=10000, help='second-level zones')
    b.add_argument('--tlds', type=int, default=50)
    b.add_argument('--records', type=int, default=10, help='about how many RRsets a zone')
    b.add_argument('--signed', type=float, default=0.5, help='share of signed second-level zones')
    b.add_argument('--nsec3', type=float, default=0.4, help='share of the signed ones that use NSEC3')
    b.add_argument('--iterations', type=int, default=0, help='NSEC3 extra iterations')
    b.add_argument('--algs', type=algs, default=algs('13:8,8:1.5,15:0.5'), help='algorithm:weight,...')
    b.add_argument('--deep', type=float, default=0.03, help='share of zones with a further delegation')
    b.add_argument('--hosters', type=int, default=40, help='hosting companies, two servers each')
    b.add_argument('--registries', type=int, default=12, help='TLD operators, two servers each')
    b.add_argument('--queries', type=int, default=100000, help='lines in queries.txt')
    b.add_argument('--zipf', type=float, default=0.9)
    b.add_argument('--valid-days', type=int, default=30)
    b.add_argument('--seed', type=int, default=1)
    b.add_argument('--jobs', type=int, default=os.cpu_count())
    b.add_argument('--ipv6', action='store_true', help='AAAA for every name server too')
    b.add_argument('--base', default='198.18.0.0', help='first server address; 127.53.0.0 = no namespaces')
    b.add_argument('--port', type=int, default=53, help='of the name servers; another than 53 for those who are not root')
    b.add_argument('--netns', default='fn', help='first part of the names of the two namespaces')
    for verb in ('up', 'run', 'down', 'stats'):
        sub.add_parser(verb).add_argument('--dir', required=True)
    e = sub.add_parser('exec')
    e.add_argument('--dir', required=True)
    e.add_argument('command', nargs=argparse.REMAINDER)
    opt = p.parse_args()
    opt.dir = os.path.abspath(opt.dir)
    {'build': build, 'up': up, 'run': run_until_told, 'down': down, 'exec': run_in, 'stats': stats}[opt.verb](opt)


if __name__ == '__main__':
    main()
