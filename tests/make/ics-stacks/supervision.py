"""Supervision, devices and vehicles that are asked one by one."""
import asyncio

from spoken import HOST, asked, datagram_server, exactly, said, stream_server


async def opcua(port):
    from asyncua import Client, Server, ua

    url = f"opc.tcp://{HOST}:{port}/plant"
    server = Server()
    await server.init()
    server.set_endpoint(url)
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    space = await server.register_namespace("urn:plant")
    boiler = await server.nodes.objects.add_object(space, "boiler")
    level = await boiler.add_variable(space, "level", 4.0)
    await level.set_writable()
    reset = await boiler.add_method(space, "reset", lambda parent: [], [], [])
    await server.start()
    client = Client(url, timeout=8, watchdog_intervall=60)
    stack = client.uaclient
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()
    asked("session", 2)  # hello, channel
    await client.get_endpoints()
    await client.find_servers()
    asked("identify", 2)
    await client.create_session()
    await client.activate_session()
    asked("session", 2)
    for _ in range(6):
        await stack.read_attributes([level.nodeid, boiler.nodeid], ua.AttributeIds.DisplayName)
    asked("read", 6)
    for value in (1.0, 2.5):
        await stack.write_attributes([level.nodeid], [ua.DataValue(ua.Variant(value))], ua.AttributeIds.Value)
    asked("write", 2)
    folder = ua.BrowseDescription(NodeId=ua.NodeId(ua.ObjectIds.ObjectsFolder), ResultMask=63)
    for _ in range(3):
        # The answer is a message of several kilobytes.
        await stack.browse(ua.BrowseParameters(NodesToBrowse=[folder] * 40))
    asked("browse", 3)
    known = await stack.register_nodes([level.nodeid])
    await stack.unregister_nodes(known)
    asked("browse", 2)
    await stack.call([ua.CallMethodRequest(ObjectId=boiler.nodeid, MethodId=reset.nodeid)])
    asked("control")
    # Publishing is asked for here, and not when the stack pleases.
    stack.session.ensure_publish_loop = lambda: None
    wanted = ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=50, RequestedLifetimeCount=3000, RequestedMaxKeepAliveCount=1000,
        PublishingEnabled=True)
    subscription = await stack.create_subscription(wanted, lambda *_: None)
    item = ua.MonitoredItemCreateRequest(
        ItemToMonitor=ua.ReadValueId(NodeId=level.nodeid, AttributeId=ua.AttributeIds.Value),
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(ClientHandle=1, SamplingInterval=10, QueueSize=1))
    await stack.create_monitored_items(ua.CreateMonitoredItemsParameters(
        SubscriptionId=subscription.SubscriptionId, TimestampsToReturn=ua.TimestampsToReturn.Both,
        ItemsToCreate=[item]))
    asked("subscribe", 2)
    for value in (7.0, 8.0):
        await stack.publish([])
        await stack.write_attributes([level.nodeid], [ua.DataValue(ua.Variant(value))], ua.AttributeIds.Value)
    asked("report", 2)
    asked("write", 2)
    await stack.delete_subscriptions([subscription.SubscriptionId])
    asked("subscribe")
    try:
        await stack.read(ua.ReadParameters(NodesToRead=[]))
        asked("read")
    except ua.UaStatusCodeError:
        asked("read", answer="exception")
    await client.close_session()
    asked("session")
    await client.close_secure_channel()
    said("session", "request")  # to which there is no answer
    client.disconnect_socket()
    await asyncio.sleep(0.1)
    await server.stop()


# HART-IP (TS20085), HART frames (TS20081), universal commands (TS20127).
HART_DATA = {
    0: bytes([254, 0x26, 6, 5, 7, 5, 1, 8, 0, 1, 2, 3, 5, 4, 0, 1, 0, 0, 0x26, 0, 0x26, 1]),
    1: b"\x20\x40\x90\x00\x00",
    2: b"\x41\x40\x00\x00\x42\x48\x00\x00",
    3: b"\x41\x40\x00\x00\x20\x40\x90\x00\x00",
}


def hart_answer(request):
    version, _, message, _, sequence = request[0], *request[1:4], request[4:6]
    body = request[8:]
    if message == 3:
        long = body[0] & 0x80
        address = body[1:6] if long else body[1:2]
        command = body[1 + len(address)]
        data = HART_DATA.get(command, bytes(9))
        # 64 is what a device says of a command that it does not know.
        status, data = (b"\x40\x00", b"") if command == 200 else (b"\x00\x00", data)
        body = bytes([0x06 | long]) + address + bytes([command, len(data) + 2]) + status + data
        check = 0
        for byte in body:
            check ^= byte
        body += bytes([check])
    yield bytes([version, 1, message, 0]) + sequence + (8 + len(body)).to_bytes(2, "big") + body


def hart_ip(port):
    import hartip

    datagram_server(port, hart_answer)
    operations = {
        0: "identify", 1: "read", 2: "read", 3: "read", 6: "write", 12: "identify", 13: "identify", 14: "read", 15: "read",
        20: "identify", 48: "diagnose", 200: "other",
    }
    with hartip.HARTIPClient(HOST, port) as client:
        asked("session")
        for command in (0, 1, 1, 1, 2, 3, 12, 13, 14, 15, 20, 48, 6, 200):
            client.send_command(command, data=b"\x01" if command == 6 else b"")
            asked(operations[command])
    asked("session")


async def coap(port):
    await observe_level(port, "coap")


async def coap_tcp(port):
    await observe_level(port, "coap+tcp", server=["tcpserver"], client=["tcpclient"])
    said("session", "unsolicited", 2)  # each side says what it takes
    said("session", "unsolicited")  # and the client, which ends first, that it is done with the connection


async def observe_level(port, scheme, server=None, client=None):
    """A level that is read, set and observed, by these transports of aiocoap's."""
    import aiocoap
    from aiocoap import resource

    class Level(resource.ObservableResource):
        value = b"4"

        async def render_get(self, request):
            return aiocoap.Message(payload=self.value)

        async def render_put(self, request):
            self.value = request.payload
            self.updated_state()
            return aiocoap.Message(code=aiocoap.CHANGED)

    site = resource.Site()
    site.add_resource(["level"], Level())
    site.add_resource([".well-known", "core"], resource.WKCResource(site.get_resources_as_linkheader))
    server = await aiocoap.Context.create_server_context(site, bind=(HOST, port), transports=server)
    client = await aiocoap.Context.create_client_context(transports=client)

    def message(code, path, **more):
        return aiocoap.Message(code=code, uri=f"{scheme}://{HOST}:{port}/{path}", **more)

    async def ask(code, path, **more):
        return (await client.request(message(code, path, **more)).response).code

    for _ in range(5):
        await ask(aiocoap.GET, "level")
    await ask(aiocoap.GET, ".well-known/core")
    asked("read", 6)
    for value in (b"5", b"6"):
        await ask(aiocoap.PUT, "level", payload=value)
    asked("write", 2)
    await ask(aiocoap.GET, "nobody")
    asked("read", answer="exception")
    await ask(aiocoap.POST, "level", payload=b"7")  # which this resource does not allow
    asked("write", answer="exception")
    observing = client.request(message(aiocoap.GET, "level", observe=0))
    await observing.response
    asked("subscribe")
    for value in (b"8", b"9", b"10"):
        await ask(aiocoap.PUT, "level", payload=value)
        await asyncio.sleep(0.1)
    asked("write", 3)
    said("report", "unsolicited", 3)
    observing.observation.cancel()
    await asyncio.sleep(0.1)
    await client.shutdown()
    await server.shutdown()


# DoIP (ISO 13400-2), diagnostic services (ISO 14229-1).
def doip_server(connection):
    def say(kind, body):
        connection.sendall(b"\x02\xfd" + kind + len(body).to_bytes(4, "big") + body)

    while True:
        head = exactly(connection, 8)
        kind, body = head[2:4], exactly(connection, int.from_bytes(head[4:8], "big"))
        if kind == b"\x00\x05":  # routing activation
            say(b"\x00\x06", body[:2] + b"\x0e\x00\x10" + bytes(4))
        elif kind == b"\x80\x01":
            back, service = body[2:4] + body[:2], body[4:]
            say(b"\x80\x02", back + b"\x00")
            if service[0] == 0x31:
                say(b"\x80\x01", back + bytes([0x7F, service[0], 0x11]))
            else:
                say(b"\x80\x01", back + bytes([service[0] + 0x40]) + service[1:] + b"abc")


def doip(port):
    from doipclient import DoIPClient

    stream_server(port, doip_server)
    client = DoIPClient(HOST, 0x0E00, tcp_port=port, client_logical_address=0x0E80)
    asked("session")
    for _ in range(3):
        for service in (b"\x22\xf1\x90", b"\x10\x03", b"\x3e\x00", b"\x2e\xf1\x90abc", b"\x19\x02\xff"):
            client.send_diagnostic(service)
            client.receive_diagnostic(1)
    asked("diagnose", 15)
    client.send_diagnostic(b"\x31\x01\xff\x00")
    client.receive_diagnostic(1)
    asked("diagnose", answer="exception")
    client.close()
