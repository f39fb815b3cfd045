"""Meters."""
import socket

from spoken import HOST, asked, exactly, stream_server

METER, CLIENT = 1, 16
NOBODY, SERIAL = bytes([1, 0, 99, 99, 0, 255]), bytes([0, 0, 42, 0, 0, 255])
# COSEM services in the wrapper (IEC 62056-5-3, -4-7); the association is that of the Green Book, and lists may be read.
ASSOCIATED = bytes.fromhex("6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400007e1f01f40007")
NUMBER = b"\x06\x00\x00\x04\xd2"
BLOCKS = (b"\x09\x0cabcd", b"efgh", b"ijkl")


def block(number):
    """Of a long value: whether it is the last, its number, and its bytes."""
    data = BLOCKS[number - 1]
    return bytes([number == len(BLOCKS)]) + number.to_bytes(4, "big") + bytes([0, len(data)]) + data


def got(kind, body):
    if kind == 2:  # the next block
        return b"\x02", block(int.from_bytes(body[:4], "big") + 1)
    if kind == 3:  # of a list
        return b"\x03", bytes([body[0]]) + (b"\x00" + NUMBER) * body[0]
    if body[:2] == b"\x00\x0f":
        return b"\x02", block(1)
    return b"\x01", b"\x01\x04" if body[2:8] == NOBODY else b"\x00" + NUMBER


def dlms_answer(request):
    tag, kind, invocation, body = request[0], request[1], request[2:3], request[3:]
    if tag == 0x60:
        return ASSOCIATED
    if tag == 0x62:
        return b"\x63\x03\x80\x01\x00"
    if tag == 0xC0:
        form, data = got(kind, body)
        return b"\xc4" + form + invocation + data
    if tag == 0xC1:
        return b"\xc5\x01" + invocation + (b"\x03" if body[2:8] == SERIAL else b"\x00")
    return b"\xc7\x01" + invocation + b"\x00\x00"


def dlms_server(connection):
    while True:
        head = exactly(connection, 8)  # version, from, to, length
        answer = dlms_answer(exactly(connection, int.from_bytes(head[6:8], "big")))
        connection.sendall(head[:2] + head[4:6] + head[2:4] + len(answer).to_bytes(2, "big") + answer)


class Reader:
    """A client of the stack, and the line it asks over."""

    def __init__(self, port):
        from gurux_dlms import GXDLMSClient
        from gurux_dlms.enums import Authentication, InterfaceType

        self.client = GXDLMSClient(True, CLIENT, METER, Authentication.NONE, None, InterfaceType.WRAPPER)
        self.line = socket.create_connection((HOST, port), 4)

    def ask(self, requests):
        """All of a request, and all of its answer; how many times more of it had to be asked for."""
        from gurux_dlms import GXReplyData

        reply, more = GXReplyData(), 0
        for request in requests if isinstance(requests, list) else [requests]:
            reply.clear()
            self.turn(request, reply)
            while reply.isMoreData():
                more += 1
                self.turn(self.client.receiverReady(reply), reply)
        return reply, more

    def turn(self, request, reply):
        from gurux_dlms import GXByteBuffer

        self.line.sendall(bytes(request))
        heard = GXByteBuffer()
        while True:
            heard.set(self.line.recv(4096))
            if self.client.getData(heard, reply, None):
                return


def dlms(port):
    from gurux_dlms.enums import DataType
    from gurux_dlms.objects import GXDLMSAssociationLogicalName, GXDLMSData, GXDLMSDisconnectControl, GXDLMSRegister

    stream_server(port, dlms_server)
    reader = Reader(port)
    client = reader.client
    client.parseAareResponse(reader.ask(client.aarqRequest())[0].data)
    asked("session")
    register, serial = GXDLMSRegister("1.0.1.8.0.255"), GXDLMSData("0.0.42.0.0.255")
    for attribute in (1, 2, 3, 2, 2):
        reader.ask(client.read(register, attribute))
    reader.ask(client.read(serial, 2))
    reader.ask(client.readList([(register, 2), (serial, 2)])[0])
    asked("read", 7)
    _, more = reader.ask(client.read(GXDLMSAssociationLogicalName(), 2))
    assert more == len(BLOCKS) - 1
    asked("read", 1 + more)
    register.value = 77
    register.setDataType(2, DataType.UINT32)
    reader.ask(client.write(register, 2))
    asked("write")
    switch = GXDLMSDisconnectControl("0.0.96.3.10.255")
    reader.ask(client.method(switch, 1, 0, DataType.INT8))
    reader.ask(client.method(switch, 2, 0, DataType.INT8))
    asked("control", 2)
    reply, _ = reader.ask(client.read(GXDLMSRegister("1.0.99.99.0.255"), 2))
    assert reply.error, "what is not there is refused"
    asked("read", answer="exception")
    serial.value = "nobody"
    reply, _ = reader.ask(client.write(serial, 2))
    assert reply.error, "what may only be read is refused"
    asked("write", answer="exception")
    reader.ask(client.releaseRequest())
    asked("session")
    reader.line.close()
