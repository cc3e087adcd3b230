#!/usr/bin/python3
"""oddserver.py NET.JSON - name servers that misbehave, one mode an address.

Each says A 192.0.2.99 (TTL 60) for any A question and no data otherwise, apart
from its mode:  drop (never answers) · refused · servfail · notauth (no AA, empty)
· formerr-edns (FORMERR when there is an OPT) · drop-edns (silent when there is)
· tc (truncates all UDP) · wrong-id (answer carries another id) · lowercase (folds
the question's case, as some middleboxes do) · slow (answers after 250 ms).
"""
import json
import selectors
import socket
import struct
import sys
import time


def answer(query, mode, tcp):
    """Response bytes, or None for silence."""
    if len(query) < 17:
        return None
    ident, flags, qd, an, ns, ar = struct.unpack('!6H', query[:12])
    pos = 12
    while query[pos]:
        pos += query[pos] + 1
    end = pos + 5
    qtype = struct.unpack('!H', query[pos + 1:pos + 3])[0]
    edns = ar > 0
    if mode == 'drop' or (mode == 'drop-edns' and edns):
        return None
    question = query[12:end]
    if mode == 'lowercase':
        question = question[:pos - 12].lower() + question[pos - 12:]
    if mode == 'wrong-id':
        ident ^= 0x5a5a
    rcode, answers, aa = 0, b'', 0x0400
    if mode == 'formerr-edns' and edns:
        return struct.pack('!6H', ident, 0x8001, 0, 0, 0, 0)
    if mode == 'refused':
        rcode, aa = 5, 0
    elif mode == 'servfail':
        rcode, aa = 2, 0
    elif mode == 'notauth':
        aa = 0
    elif mode == 'tc' and not tcp:
        return struct.pack('!6H', ident, 0x8600 | (flags & 0x0100), 1, 0, 0, 0) + question
    elif qtype == 1:
        answers = b'\xc0\x0c' + struct.pack('!HHIH', 1, 1, 60, 4) + bytes([192, 0, 2, 99])
    authority = b''
    if not answers and rcode == 0 and aa:  # no data: an SOA at the parent of the asked name
        soa = b'\0\0' + struct.pack('!IIIII', 1, 7200, 3600, 86400, 60)
        first = question[0] + 1 if question[0] else 0
        authority = struct.pack('!H', 0xc00c + first) + struct.pack('!HHIH', 6, 1, 60, len(soa)) + soa
    opt = b'\0' + struct.pack('!HHIH', 41, 1232, 0, 0) if edns and mode != 'formerr-edns' else b''
    head = struct.pack('!6H', ident, 0x8000 | aa | (flags & 0x0100) | rcode, 1, 1 if answers else 0,
                       1 if authority else 0, 1 if opt else 0)
    return head + question + answers + authority + opt


def main():
    sel = selectors.DefaultSelector()
    net = json.load(open(sys.argv[1]))
    port = net['port']
    for address, mode in net['odd'].items():
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.bind((address, port))
        sel.register(u, selectors.EVENT_READ, ('udp', mode))
        if mode != 'drop':
            t = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            t.bind((address, port))
            t.listen(64)
            sel.register(t, selectors.EVENT_READ, ('listen', mode))
    later = []  # (when, socket, data, peer) for the slow mode, in time order
    while True:
        wait = max(0, later[0][0] - time.monotonic()) if later else None
        for key, _ in sel.select(wait):
            kind, mode = key.data
            s = key.fileobj
            try:
                if kind == 'udp':
                    data, peer = s.recvfrom(4096)
                    out = answer(data, mode, False)
                    if out is None:
                        continue
                    if mode == 'slow':
                        later.append((time.monotonic() + 0.25, s, out, peer))
                    else:
                        s.sendto(out, peer)
                elif kind == 'listen':
                    c, _ = s.accept()
                    sel.register(c, selectors.EVENT_READ, ('tcp', mode))
                else:
                    data = s.recv(4096)
                    out = answer(data[2:], mode, True) if len(data) > 2 else None
                    if out is None:
                        sel.unregister(s)
                        s.close()
                    else:
                        s.sendall(struct.pack('!H', len(out)) + out)
            except (OSError, IndexError, struct.error):
                if kind == 'tcp':
                    sel.unregister(s)
                    s.close()
        while later and later[0][0] <= time.monotonic():
            _, s, out, peer = later.pop(0)
            s.sendto(out, peer)


if __name__ == '__main__':
    main()
