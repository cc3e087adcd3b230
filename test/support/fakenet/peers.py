#!/usr/bin/python3
"""peers.py start|stop --dir D [NAME...] - Debian's resolvers in the running fakenet, to compare with.

Names and ports on 127.0.0.1 inside the resolver namespace:
  unbound 5301 · bind 5302 · kresd 5303 · pdns 5304
All validate with fakenet's own trust anchor, use its root hints and keep to one thread.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time

os.environ['PATH'] = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
PORTS = {'unbound': 5301, 'bind': 5302, 'kresd': 5303, 'pdns': 5304}


def config(name, fake, work):
    """Write the peer's configuration under work; returns its command line."""
    ds = open(os.path.join(fake, 'root.ds')).read().split(None, 4)[4].strip()   # "tag alg type digest"
    key = open(os.path.join(fake, 'root.key')).read().split(None, 4)[4].split()
    hints = os.path.join(fake, 'named.root')
    port = PORTS[name]

    def put(file, text):
        with open(os.path.join(work, file), 'w') as f:
            f.write(text)
        return os.path.join(work, file)

    if name == 'unbound':
        conf = put('unbound.conf', f'''server:
  interface: 127.0.0.1
  port: {port}
  chroot: ""
  username: ""
  directory: "{work}"
  pidfile: "{work}/unbound.pid"
  use-syslog: no
  logfile: "{work}/unbound.log"
  val-log-level: 2
  num-threads: 1
  so-reuseport: no
  root-hints: "{hints}"
  trust-anchor-file: "{fake}/root.key"
  trust-anchor-signaling: no
  do-ip6: no
  do-not-query-localhost: no
  msg-cache-size: 64m
  rrset-cache-size: 128m
  outgoing-range: 4096
  num-queries-per-thread: 2048
remote-control:
  control-enable: no
''')
        return ['unbound', '-d', '-c', conf]
    if name == 'bind':
        conf = put('named.conf', f'''options {{
  directory "{work}";
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  pid-file "{work}/named.pid";
  session-keyfile none;
  recursion yes;
  allow-query {{ any; }};
  allow-recursion {{ any; }};
  dnssec-validation yes;
  empty-zones-enable no;
  trust-anchor-telemetry no;
  max-cache-size 256m;
}};
controls {{ }};
zone "." {{ type hint; file "{hints}"; }};
trust-anchors {{ "." static-key {key[0]} {key[1]} {key[2]} "{''.join(key[3:])}"; }};
''')
        return ['named', '-4', '-f', '-n', '1', '-c', conf]
    if name == 'kresd':
        roots = '\n'.join("['%s'] = {'%s'}," % (x['name'], x['address'])
                          for x in json.load(open(os.path.join(fake, 'net.json')))['root_hints'])
        conf = put('kresd.conf', f'''net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})
net.ipv6 = false
modules = {{ 'hints' }}
option('ALLOW_LOCAL', true)
modules.unload('ta_update')
modules.unload('ta_signal_query')
modules.unload('detect_time_skew')
trust_anchors.remove('.')
trust_anchors.add_file('{fake}/root.key', true)
hints.root({{ {roots} }})
cache.open(100 * MB, 'lmdb://{work}/kresd-cache')
''')
        os.makedirs(os.path.join(work, 'kresd-cache'), exist_ok=True)
        return ['kresd', '-n', '-q', '-c', conf, work]
    put('recursor.lua', f"clearTA()\naddTA('.', \"{ds}\")\n")
    put('recursor.conf', f'''local-address=127.0.0.1
local-port={port}
hint-file={hints}
lua-config-file={work}/recursor.lua
dnssec=validate
threads=1
pdns-distributes-queries=no
socket-dir={work}
security-poll-suffix=
dont-query=
quiet=yes
daemon=no
disable-syslog=yes
''')
    return ['pdns_recursor', '--config-dir=' + work]


def start(name, fake, prefix):
    work = os.path.join(fake, 'peers', name)
    shutil.rmtree(work, ignore_errors=True)     # kresd's cache would outlive a rebuild of the Internet
    os.makedirs(work)
    p = subprocess.Popen(prefix + config(name, fake, work), cwd=work, start_new_session=True,
                         stdin=subprocess.DEVNULL, stdout=open(os.path.join(work, 'out.log'), 'w'),
                         stderr=subprocess.STDOUT)
    with open(os.path.join(work, 'pid'), 'w') as f:
        f.write(str(p.pid))


def stop(name, fake):
    pidfile = os.path.join(fake, 'peers', name, 'pid')
    try:
        pid = int(open(pidfile).read())
        os.kill(pid, signal.SIGTERM)
        os.unlink(pidfile)
        end = time.time() + 10
        while time.time() < end and open('/proc/%d/stat' % pid).read().split(') ')[1][0] != 'Z':
            time.sleep(0.05)
    except (FileNotFoundError, ProcessLookupError):
        pass


def validates(name, prefix, limit=20):
    end = time.time() + limit
    while time.time() < end:
        out = subprocess.run(prefix + ['dig', '-r', '+time=3', '+tries=1', '+dnssec', '-p', str(PORTS[name]),
                                       '@127.0.0.1', '.', 'NS'], capture_output=True, text=True).stdout
        if 'NOERROR' in out and ' ad' in out:
            return True
        time.sleep(0.2)
    return False


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('verb', choices=['start', 'stop'])
    p.add_argument('--dir', required=True)
    p.add_argument('names', nargs='*')
    opt = p.parse_intermixed_args()
    fake, names = os.path.abspath(opt.dir), opt.names or list(PORTS)
    if opt.verb == 'stop':
        for name in names:
            stop(name, fake)
        return
    netns = json.load(open(os.path.join(fake, 'run', 'state.json')))['netns']
    prefix = ['ip', 'netns', 'exec', netns + '-res'] if netns else []
    for name in names:
        start(name, fake, prefix)
    good = {name: validates(name, prefix) for name in names}
    for name in names:
        print('%-8s port %d %s' % (name, PORTS[name], 'up, validates the root' if good[name] else
                                   'NOT VALIDATING, see peers/%s' % name))
    sys.exit(0 if all(good.values()) else 1)


if __name__ == '__main__':
    main()
