"""Servers that go over to TLS, and the clients that ask them to: Python's own and OpenSSL's.

starttls-servers.py CERTIFICATE KEY CAPTURES: records one connection of each service over loopback into CAPTURES.
Run by starttls-captures.sh, in a network namespace of its own. Standard library only.
"""
import contextlib
import ftplib
import imaplib
import poplib
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time

CERTIFICATE, KEY, CAPTURES = sys.argv[1:]
SERVER = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
SERVER.load_cert_chain(CERTIFICATE, KEY)
CLIENT = ssl.create_default_context()
CLIENT.check_hostname = False
CLIENT.verify_mode = ssl.CERT_NONE
NAME = "localhost"


def lines(greeting, answers, begin):
    """A service of lines: what each command is answered with; behind `begin` TLS follows."""

    def serve(connection):
        file = connection.makefile("rwb", buffering=0)
        file.write(greeting)
        while line := file.readline():
            words = line.decode().split()
            tag = words.pop(0) if greeting.startswith(b"*") else ""
            verb = words[0].upper() if words else ""
            answer = answers.get(verb, answers[""]).replace(b"TAG", tag.encode())
            file.write(answer)
            if verb == begin:
                connection = SERVER.wrap_socket(connection, server_side=True)
                file = connection.makefile("rwb", buffering=0)
            if verb in ("QUIT", "LOGOUT"):
                break
        connection.close()

    return serve


def messages(*steps):
    """A service whose few messages before TLS are known: bytes are sent, a number is the most bytes to wait for."""

    def serve(connection):
        for step in steps:
            if isinstance(step, int):
                connection.recv(step)
            else:
                connection.sendall(step)
        connection = SERVER.wrap_socket(connection, server_side=True)
        connection.recv(4096)
        connection.close()

    return serve


STREAM = (b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' "
          b"from='localhost' id='1' version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
          b"</stream:features>")
GREETING = (b"\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15" + bytes(10) + b"ijklmnopqrst\0"
            b"caching_sha2_password\0")


def smtp():
    with smtplib.SMTP("127.0.0.1", 2587, local_hostname="plc.plant.example") as client:
        client.ehlo()
        client.starttls(context=CLIENT)
        client.ehlo()


def imap():
    client = imaplib.IMAP4("127.0.0.1", 2143)
    client.starttls(CLIENT)
    client.logout()


def pop3():
    client = poplib.POP3("127.0.0.1", 2110)
    client.stls(CLIENT)
    client.quit()


def ftp():
    client = ftplib.FTP_TLS(context=CLIENT)
    client.connect("127.0.0.1", 2121)
    client.auth()
    client.quit()


def openssl(service, port):
    def ask():
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", service, "-servername", NAME, "-quiet"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, input=b"x\n", timeout=2, capture_output=True, check=False)

    return ask


SERVICES = [
    ("smtp-smtplib", 2587, smtp, lines(
        b"220 mail.plant.example ESMTP\r\n",
        {"EHLO": b"250-mail.plant.example\r\n250 STARTTLS\r\n", "STARTTLS": b"220 ready\r\n", "QUIT": b"221 bye\r\n", "": b"250 ok\r\n"},
        "STARTTLS")),
    ("imap-imaplib", 2143, imap, lines(
        b"* OK IMAP4rev1 ready\r\n",
        {"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n", "LOGOUT": b"* BYE\r\nTAG OK bye\r\n", "": b"TAG OK done\r\n"},
        "STARTTLS")),
    ("pop3-poplib", 2110, pop3, lines(
        b"+OK ready\r\n", {"CAPA": b"+OK\r\nSTLS\r\n.\r\n", "": b"+OK\r\n"}, "STLS")),
    ("ftp-ftplib", 2121, ftp, lines(
        b"220 FTP ready\r\n", {"AUTH": b"234 begin\r\n", "QUIT": b"221 bye\r\n", "": b"200 ok\r\n"}, "AUTH")),
    ("xmpp-openssl", 5222, openssl("xmpp", 5222), messages(
        4096, STREAM, 4096, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")),
    ("ldap-openssl", 2389, openssl("ldap", 2389), messages(
        4096, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")),
    ("postgresql-openssl", 5432, openssl("postgres", 5432), messages(4096, b"S")),
    ("mysql-openssl", 3306, openssl("mysql", 3306), messages(
        len(GREETING).to_bytes(3, "little") + b"\0" + GREETING, 36)),
]


def record(name, port, ask, serve):
    path = f"{CAPTURES}/{name}.pcap"
    command = ["tcpdump", "-i", "lo", "-s", "0", "-U", "--immediate-mode", "-w", path, f"tcp port {port}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as dump:
        time.sleep(0.7)
        listener = socket.create_server(("127.0.0.1", port))

        def accept():
            connection, _ = listener.accept()
            with contextlib.suppress(OSError):
                serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        ask()
        thread.join(3)
        listener.close()
        time.sleep(0.5)
        dump.terminate()


for service in SERVICES:
    record(*service)
