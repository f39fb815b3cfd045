"""What every stack's conversation is made of: the count of what was said, ports, and servers of the smallest kind.

Where a stack has no server, or one that does not run by itself, a server of the script's own answers by the published
specification, with no more than the stack's client asks for.
"""
import collections
import socket
import sys
import threading
import time

HOST = "127.0.0.1"
counts = collections.Counter()


def said(operation, kind, times=1):
    """One message, or some."""
    counts[f"{operation}/{kind}"] += times


def asked(operation, times=1, answer="response"):
    """A request and its answer, or some."""
    said(operation, "request", times)
    said(operation, answer, times)


def free_port(kind=socket.SOCK_STREAM, host=HOST):
    """A port that nobody listens on, far from those that protocols are assigned."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def wait_for_server(port, seconds=8):
    """Until the port is bound, without a connection of its own: /proc says so."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with open("/proc/net/tcp", encoding="ascii") as table:
            if any(f":{port:04X} 00000000:0000 0A" in line for line in table):
                return
        time.sleep(0.02)
    sys.exit(f"no server on port {port}")


def exactly(connection, count):
    """As many bytes; none where the peer has gone."""
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def stream_server(port, speak):
    """Listens, and lets `speak` answer one client after the other until it goes."""
    listener = socket.create_server((HOST, port))

    def serve():
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    speak(connection)
                except (EOFError, ConnectionError):
                    pass

    threading.Thread(target=serve, daemon=True).start()


def datagram_server(port, answer):
    """Gives every datagram to `answer` and sends back what it yields."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((HOST, port))

    def serve():
        while True:
            request, peer = listener.recvfrom(1 << 16)
            for response in answer(request):
                listener.sendto(response, peer)

    threading.Thread(target=serve, daemon=True).start()
