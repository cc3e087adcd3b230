"""The DNS server that a container engine gives each container at 127.0.0.11: every name has the address 172.18.0.9.

Names below `slow.` wait: `asked` is printed, and the answer goes out when a line comes in.
"""
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(('127.0.0.11', 53))
print('ready', flush=True)
while True:
    query, client = server.recvfrom(4096)
    end = query.index(0, 12) + 5
    question = query[12:end]
    if question.lower().startswith(b'\x04slow'):
        print('asked', flush=True)
        sys.stdin.readline()
    is_a = question[-4:-2] == b'\0\1'
    answer = b'\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xac\x12\0\x09' if is_a else b''
    server.sendto(query[:2] + b'\x81\x80\0\1\0' + bytes([is_a]) + b'\0\0\0\0' + question + answer, client)
