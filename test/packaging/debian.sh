#!/bin/bash
# Inside of a Debian that systemd has booted: installs, uses, upgrades, removes and purges the packages in /srv/debs.
# Prints TAP; debian.test.ts reads it.
set -u
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
cd /srv
number=0
check() {
  local what=$1
  shift
  number=$((number + 1))
  local said
  if said=$("$@" 2>&1); then echo "ok $number - $what"; else
    echo "not ok $number - $what"
    echo "# $*"
    sed 's/^/#   /' <<<"$said" | tail -20
  fi
}
# Waits for an event; the bound is there so that a failure is one.
eventually() {
  local end=$((SECONDS + 120))
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { "$@"; return; }
    sleep 0.1
  done
}
no() { ! "$@"; }
answers() { causeway query "$@" localhost A | grep -q 127.0.0.1; }
property() { systemctl show -P "$1" causeway.service; }
is() { [ "$(property "$1")" = "$2" ] || { echo "$1=$(property "$1")"; return 1; }; }
restarted() {
  local pid
  pid=$(property MainPID)
  [ "$pid" != 0 ] && [ "$pid" != "$1" ] && is ActiveState active
}
status_of() { grep -q "^$1:[[:space:]]*$2\$" "/proc/$(property MainPID)/status"; }
config=/etc/causeway/causeway.yaml
drop_in() { mkdir -p /etc/systemd/system/causeway.service.d && cat >/etc/systemd/system/causeway.service.d/test.conf && systemctl daemon-reload; }

check 'installs' dpkg --install debs/causeway_*-1_*.deb
check 'starts, and is ready when systemd says so' systemctl is-active causeway
check 'and at the next boot' systemctl is-enabled causeway
check 'sockets of systemd are a choice' no systemctl is-enabled causeway.socket
check 'answers by UDP' answers @127.0.0.1
check 'answers by TCP' answers @127.0.0.1 +tcp
check 'readiness for a health check' causeway status --ready
check 'the packaged configuration is right' causeway check
check 'its user' test "$(stat -c %U "/proc/$(property MainPID)")" = causeway
check 'its one capability' status_of CapEff 0000000000000400
check 'no new privileges' status_of NoNewPrivs 1
check 'system calls are filtered' status_of Seccomp 2
check 'its state is its own' test "$(stat -c '%U %a' /var/lib/causeway)" = 'causeway 700'
check 'it writes nowhere else' no nsenter -t "$(property MainPID)" -m -- touch /etc/causeway/x
check 'nothing in the journal but what is expected' no grep -E 'EPERM|EACCES|permission' <(journalctl -u causeway --no-pager)
check 'manual' man --warnings -E UTF-8 -l /usr/share/man/man1/causeway.1.gz

check 'state is made' causeway vpc create --id vpc-0a1b2c3d --cidr 10.40.0.0/16
echo '# changed by the administrator' >>$config
check 'reload' systemctl reload causeway
sed -i 's/^node:/nodes:/' $config
check 'a configuration with errors fails the reload' no systemctl reload causeway
check 'and is not in force' answers @127.0.0.1
sed -i 's/^nodes:/node:/' $config
check 'reload again' systemctl reload causeway

pid=$(property MainPID)
kill -KILL "$pid"
check 'is started again after a crash' eventually restarted "$pid"
pid=$(property MainPID)
kill -STOP "$pid"
check 'and by the watchdog when it hangs' eventually restarted "$pid"
check 'for that reason' grep -q watchdog <(journalctl -u causeway --no-pager)
check 'answers after that' answers @127.0.0.1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=dns.test \
  -keyout /etc/causeway/dns.key -out /etc/causeway/dns.crt 2>/dev/null
chmod 644 /etc/causeway/dns.crt
check 'a key that only root may read' test "$(stat -c '%U %a' /etc/causeway/dns.key)" = 'root 600'
cp $config plain.yaml
sed -i 's|vpc: by-source|protocols: [do53, dot], tls: { certificate: dns.crt, key: /run/credentials/causeway.service/dns.key }, vpc: by-source|' $config
drop_in <<'D'
[Service]
LoadCredential=dns.key:/etc/causeway/dns.key
D
check 'starts with the key as a credential' systemctl restart causeway
check 'and speaks TLS with it' openssl s_client -connect 127.0.0.1:853 -alpn dot -CAfile /etc/causeway/dns.crt -verify_return_error </dev/null
cp plain.yaml $config

systemctl stop causeway
{ sed -n 's/^#   //p' /usr/lib/systemd/system/causeway.socket; } | drop_in
mkdir -p /etc/systemd/system/causeway.socket.d
cat >/etc/systemd/system/causeway.socket.d/test.conf <<'D'
[Socket]
ReusePort=yes
ListenDatagram=
ListenStream=
ListenDatagram=127.0.0.1:53
ListenDatagram=127.0.0.1:53
ListenDatagram=127.0.0.1:53
ListenStream=127.0.0.1:53
ListenStream=127.0.0.1:53
ListenStream=127.0.0.1:53
D
systemctl daemon-reload
check 'sockets of systemd' systemctl start causeway.socket
check 'the service is not there yet' no systemctl is-active causeway
check 'a query starts it and is answered' eventually answers @127.0.0.1
for i in $(seq 12); do check "each of three sockets of an address is read ($i)" answers @127.0.0.1; done
check 'and of TCP' answers @127.0.0.1 +tcp
check 'no capability is left' status_of CapEff 0000000000000000
check 'none is without an endpoint' no grep 'no endpoint listens' <(journalctl -u causeway --no-pager)
systemctl stop causeway.socket causeway.service
rm -r /etc/systemd/system/causeway.{service,socket}.d
systemctl daemon-reload
systemctl start causeway

pid=$(property MainPID)
check 'upgrades without a question' dpkg --install debs/causeway_*-2_*.deb
check 'runs anew' restarted "$pid"
check 'keeps its state' grep -q vpc-0a1b2c3d <(causeway vpc list)
check 'keeps what the administrator wrote' grep -q administrator $config
check 'answers after the upgrade' answers @127.0.0.1

# The resolver of a host that gets an address and servers from a router beside it, by NetworkManager.
systemctl stop causeway
mv $config packaged.yaml
ip netns add router
ip link add eth9 type veth peer name lan netns router
ip -n router address add 192.0.2.1/24 dev lan
ip -n router address add 192.0.2.2/24 dev lan
ip -n router link set lan up
tell() { printf 'option:dns-server,%s\noption:domain-search,%s\n' "$@" >/srv/options; }
connect() { kill -HUP "$router" && nmcli connection up office; }
server() { exec ip netns exec router dnsmasq -k -C /dev/null -u root -x '' -R --no-hosts --bind-interfaces "$@"; }
tell 192.0.2.1 corp.example
server --listen-address=192.0.2.1 --host-record=www.corp.example,192.0.2.81 --dhcp-range=192.0.2.100,192.0.2.120,120 \
  --dhcp-authoritative --no-ping --dhcp-leasefile=/srv/leases --dhcp-optsfile=/srv/options &
router=$!
server --listen-address=192.0.2.2 --host-record=www.corp.example,192.0.2.82 &
other=$!
nmcli connection add type ethernet ifname eth9 con-name office ipv6.method disabled
etc() { (cd /etc && find . -printf '%p %y %m %l\n' && find . -type f -exec sha256sum {} +) | sort; }
looked_up() { getent ahosts www.corp.example | grep -q "^$1 "; }
resolv_conf() { grep -q "^$1\$" /etc/resolv.conf; }
only() { test "$(grep nameserver /etc/resolv.conf)" = "nameserver $1"; }
found() { causeway install-host --dry-run | grep "^DNS of this host: $1, "; }
undone() { causeway install-host --check none.corp.example 2>&1 | grep 'everything is as it was'; }
# With this as what runs the DNS of the host, and this as the server that libc asks while Causeway is installed.
resolver_of() {
  local runs=$1 asked=$2
  systemctl restart NetworkManager
  tell 192.0.2.1 corp.example
  check "$runs: a network" connect
  check "$runs: its search list" eventually resolv_conf 'search corp.example'
  check "$runs: its server" eventually looked_up 192.0.2.81
  check "$runs: is found" found "$runs"
  etc >before
  check "$runs: what fails is undone" undone
  check "$runs: whole" diff before <(etc)
  check "$runs: Causeway becomes the resolver" causeway install-host --check www.corp.example
  check "$runs: and asks whom the network told" looked_up 192.0.2.81
  tell 192.0.2.2 home.example
  check "$runs: another network" connect
  check "$runs: its server is followed" eventually looked_up 192.0.2.82
  check "$runs: by Causeway" eventually grep -q 'targets: \[192.0.2.2\]' /etc/causeway/rules.d/uplink.yaml
  check "$runs: and its search list" eventually resolv_conf 'search home.example'
  check "$runs: nobody else is asked" only "$asked"
  check "$runs: the doctor finds no fault" causeway doctor
  systemctl restart NetworkManager
  check "$runs: nor after another start of NetworkManager" only "$asked"
  tell 192.0.2.1 corp.example
  check "$runs: the first network" connect
  check "$runs: is followed too" eventually grep -q 'targets: \[192.0.2.1\]' /etc/causeway/rules.d/uplink.yaml
  check "$runs: names are found" eventually looked_up 192.0.2.81
  check "$runs: its search list again" eventually resolv_conf 'search corp.example'
  check "$runs: Causeway is the resolver no more" causeway uninstall-host
  check "$runs: everything is as before" diff before <(etc)
  check "$runs: nothing follows any more" no systemctl is-active causeway-uplink.path
  tell 192.0.2.2 home.example
  check "$runs: another network afterwards" connect
  check "$runs: its servers are asked" eventually looked_up 192.0.2.82
}
resolver_of NetworkManager 127.0.0.55
dpkg --install network/resolvconf_*.deb
# It keeps what was there when it came as if an interface had told it.
resolvconf -d original.resolvconf
resolver_of resolvconf 127.0.0.55
dpkg --purge resolvconf
dpkg --install network/systemd-resolved_*.deb
# It was started before D-Bus knew that it may have its name.
systemctl restart systemd-resolved
resolver_of systemd-resolved 127.0.0.53
nmcli connection delete office
kill "$router" "$other"
mv packaged.yaml $config
systemctl start causeway

check 'removes' dpkg --remove causeway
check 'nothing serves' no systemctl is-active causeway
check 'the program is gone' test ! -e /usr/lib/causeway -a ! -e /usr/bin/causeway
check 'state and configuration are not' test -s $config -a -n "$(ls /var/lib/causeway)"
check 'installs again' dpkg --install debs/causeway_*-2_*.deb
check 'with the state of before' grep -q vpc-0a1b2c3d <(causeway vpc list)
rm /etc/causeway/dns.*
check 'purges' dpkg --purge causeway
left() { find / -xdev \( -path /srv -o -path /proc -o -path /sys \) -prune -o -name '*causeway*' -not -path '/var/log/journal/*' -print; }
check 'and leaves nothing' test -z "$(left)"
left | sed 's/^/# /'
check 'nor its user' no getent passwd causeway
check 'nor its group' no getent group causeway
check 'nor failed units' test -z "$(systemctl --failed --plain --no-legend | grep causeway)"
echo "1..$number"
