"""What systemd is to a service with Type=notify and sockets of its own, for tests where no systemd runs.

    supervisor.py '{"notify": PATH, "watchdog": MICROSECONDS, "listen": [[KIND, ADDRESS, PORT], ...], "command": [...]}'

Prints what it is told, a JSON object a line: {"pid": N} of the service, {"from": N, "tells": TEXT} of each notification
with the process that the kernel says sent it, and last {"exit": N}. SIGTERM and SIGHUP are passed on.
"""
import json
import os
import select
import signal
import socket
import struct
import sys

LISTEN_FDS_START = 3
CREDENTIALS = struct.Struct('3i')


def say(**what):
    print(json.dumps(what), flush=True)


def open_socket(kind, address, port):
    """As a unit with ReusePort=yes and FreeBind=no."""
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    opened.bind((address, port))
    if kind == 'tcp':
        opened.listen(64)
    return opened


def start(wish, sockets):
    pid = os.fork()
    if pid != 0:
        return pid
    # Out of the way of the numbers that they are to have.
    high = [os.dup(each.fileno()) if each.fileno() >= 100 else os.dup2(each.fileno(), 100 + i) for i, each in enumerate(sockets)]
    for i, fd in enumerate(high):
        os.dup2(fd, LISTEN_FDS_START + i)
    os.closerange(LISTEN_FDS_START + len(high), 1024)
    environment = dict(os.environ, NOTIFY_SOCKET=wish['notify'], LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)))
    if wish.get('watchdog'):
        environment.update(WATCHDOG_PID=str(os.getpid()), WATCHDOG_USEC=str(wish['watchdog']))
    os.execvpe(wish['command'][0], wish['command'], environment)


def hear(notify):
    text, control, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size) + socket.CMSG_SPACE(4))
    # A descriptor that is closed tells systemd-notify that all before was read.
    for level, kind, data in control:
        if kind == socket.SCM_RIGHTS:
            os.close(struct.unpack('i', data)[0])
    if text == b'BARRIER=1':
        return
    sender = next(CREDENTIALS.unpack(data)[0] for level, kind, data in control if kind == socket.SCM_CREDENTIALS)
    say(**{'from': sender, 'tells': text.decode()})


def main():
    wish = json.loads(sys.argv[1])
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    path = wish['notify']
    notify.bind('\0' + path[1:] if path.startswith('@') else path)
    sockets = [open_socket(*each) for each in wish.get('listen', [])]
    say(listening=len(sockets))
    # The service starts when this is closed: queries may be sent before.
    sys.stdin.read()
    pid = start(wish, sockets)
    say(pid=pid)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: os.kill(pid, received))
    ended = os.pidfd_open(pid)
    while True:
        readable, _, _ = select.select([notify, ended], [], [])
        if notify in readable:
            hear(notify)
        elif ended in readable:
            break
    say(exit=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
