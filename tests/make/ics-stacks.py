#!/usr/bin/env python3
"""Speaks one industrial protocol over loopback, with a real stack on both sides.

    ics-stacks.py STACK     modbus, modbus_rtu, opcua, iec104, s7comm, bacnet, enip or mms

Starts a server of the stack on a port of no meaning and a client that does a fixed list of operations, then prints
as JSON what was said: {"name": the protocol, "port": the server's, "operations": {"read/request": 3, ...}}. The
operations are counted where they are asked for, by what the protocol says that a request and its answer are; no
byte on the wire is looked at. Ends with 3 where the stack is not installed.
"""
import asyncio
import collections
import json
import logging
import os
import socket
import sys
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


async def modbus(port, framer="socket"):
    from pymodbus import FramerType
    from pymodbus.client import AsyncModbusTcpClient
    from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
    from pymodbus.server import ModbusTcpServer

    block = lambda: ModbusSequentialDataBlock(1, [1] * 200)  # noqa: E731
    device = ModbusDeviceContext(di=block(), co=block(), hr=block(), ir=block())
    devices = ModbusServerContext(devices=device, single=True)
    server = ModbusTcpServer(devices, framer=FramerType(framer), address=(HOST, port))
    serving = asyncio.create_task(server.serve_forever())
    await asyncio.to_thread(wait_for_server, port)
    client = AsyncModbusTcpClient(HOST, port=port, framer=FramerType(framer))
    assert await client.connect()
    for address in range(5):
        await client.read_coils(address, count=8)
        await client.read_discrete_inputs(address, count=8)
        await client.read_holding_registers(address, count=10)
        await client.read_input_registers(address, count=10)
    asked("read", 20)
    await client.write_coil(3, True)
    await client.write_register(4, 77)
    await client.write_coils(3, [True, False, True])
    await client.write_registers(4, [1, 2, 3])
    await client.mask_write_register(address=4, and_mask=0xF2, or_mask=0x25)
    await client.readwrite_registers(read_address=1, read_count=2, write_address=4, values=[9])
    asked("write", 6)
    await client.read_device_information()
    await client.report_device_id()
    asked("identify", 2)
    await client.diag_query_data(b"ab")
    await client.diag_get_comm_event_counter()
    await client.read_exception_status()
    asked("diagnose", 3)
    assert (await client.read_holding_registers(900, count=2)).isError()
    asked("read", answer="exception")
    assert (await client.write_register(900, 1)).isError()
    asked("write", answer="exception")
    client.close()
    await asyncio.sleep(0.1)
    await server.shutdown()
    serving.cancel()


async def modbus_rtu(port):
    await modbus(port, "rtu")


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


def iec104_server(port, orders):
    """Answers until `orders` closes; a byte there is a measured value to report."""
    import c104

    server = c104.Server(ip=HOST, port=port, tick_rate_ms=100)
    here = server.add_station(common_address=47)
    measured = here.add_point(io_address=11, type=c104.Type.M_ME_NC_1)
    here.add_point(io_address=12, type=c104.Type.M_IT_NA_1)
    single = here.add_point(io_address=21, type=c104.Type.C_SC_NA_1)
    double = here.add_point(io_address=22, type=c104.Type.C_DC_NA_1, command_mode=c104.CommandMode.SELECT_AND_EXECUTE)
    target = here.add_point(io_address=23, type=c104.Type.C_SE_NC_1)

    def obey(point: c104.Point, previous_info: c104.Information, message: c104.IncomingMessage) -> c104.ResponseState:
        # A client of this stack misses an answer that comes before it waits for one.
        time.sleep(0.05)
        return c104.ResponseState.SUCCESS

    for point in (single, double, target):
        point.on_receive(callable=obey)
    server.start()
    while order := os.read(orders, 1):
        measured.value = float(order[0])
        measured.transmit(cause=c104.Cot.SPONTANEOUS)
    server.stop()


def iec104(port):
    orders, commander = os.pipe()
    serving = os.fork()
    if serving == 0:
        os.close(commander)
        iec104_server(port, orders)
        os._exit(0)
    import c104

    wait_for_server(port)
    client = c104.Client(tick_rate_ms=100, command_timeout_ms=1000)
    link = client.add_connection(ip=HOST, port=port, init=c104.Init.MUTED)
    there = link.add_station(common_address=47)
    level = there.add_point(io_address=11, type=c104.Type.M_ME_NC_1)
    there.add_point(io_address=12, type=c104.Type.M_IT_NA_1)
    switch = there.add_point(io_address=21, type=c104.Type.C_SC_NA_1)
    breaker = there.add_point(
        io_address=22, type=c104.Type.C_DC_NA_1, command_mode=c104.CommandMode.SELECT_AND_EXECUTE)
    valve = there.add_point(io_address=23, type=c104.Type.C_SE_NC_1)
    client.start()
    until = time.monotonic() + 5
    while link.state != c104.ConnectionState.OPEN_MUTED and time.monotonic() < until:
        time.sleep(0.02)
    assert link.unmute()  # STARTDT; a connection that is to do it by itself forgets to now and then
    while link.state != c104.ConnectionState.OPEN and time.monotonic() < until:
        time.sleep(0.02)
    asked("session")
    # What is not waited for is given time, for the reason above.
    station = {"common_address": 47, "wait_for_response": False}
    for call, operation, answers in (
        (link.interrogation, "read", 3),  # confirmation, the measured value, termination
        (link.counter_interrogation, "read", 3),
        (link.clock_sync, "time", 1),
        (link.test, "diagnose", 1),
    ):
        assert call(**station)
        said(operation, "request")
        said(operation, "response", answers)
        time.sleep(0.1)
    level.read()
    said("read", "request")
    said("read", "response", 2)  # this stack confirms what is asked for, and then sends it
    for value in (True, False):
        switch.value = value
        assert switch.transmit(cause=c104.Cot.ACTIVATION)
    asked("control", 2)  # this stack confirms a direct command and does not terminate it
    valve.value = 4.5
    assert valve.transmit(cause=c104.Cot.ACTIVATION)
    asked("write")
    breaker.value = c104.Double.ON
    assert breaker.transmit(cause=c104.Cot.ACTIVATION)
    asked("select")
    asked("control")
    said("select", "response")  # this stack's termination has the select bit still
    os.write(commander, bytes([1, 2, 3]))
    said("report", "unsolicited", 3)
    time.sleep(0.5)
    client.stop()
    os.close(commander)
    os.waitpid(serving, 0)


def s7comm(port):
    from snap7 import Client, Server, SrvArea
    from snap7.type import Block

    server = Server()
    server.register_area(SrvArea.DB, 1, bytearray(64))
    server.register_area(SrvArea.DB, 2, bytearray(1000))
    server.register_area(SrvArea.MK, 0, bytearray(256))
    server.start(tcp_port=port)
    client = Client()
    client.connect(HOST, 0, 1, port)
    asked("session")
    for start in range(6):
        client.db_read(1, start * 4, 8)
    client.mb_read(0, 4)
    asked("read", 7)
    for start in range(3):
        client.db_write(1, start * 4, bytearray(4))
    asked("write", 3)
    client.read_szl(0x11)
    asked("identify")
    client.list_blocks()
    client.list_blocks_of_type(Block.DB, 10)
    client.get_block_info(Block.DB, 1)
    asked("browse", 3)
    client.get_plc_datetime()
    client.set_plc_system_datetime()
    asked("time", 2)
    client.set_session_password("secret")
    client.clear_session_password()
    asked("session", 2)
    client.upload(1)
    asked("program_read", 3)  # its start, one piece, its end
    block = bytearray(1000)
    client.download(block, 2)
    # Its request, then the controller asks for each piece, and says that it has them all.
    asked("program_write", 2 + -(-len(block) // (client.pdu_length - 18)))
    client.plc_stop()
    asked("stop")
    client.plc_hot_start()
    asked("start")
    client.disconnect()
    time.sleep(0.1)
    server.stop()


async def bacnet(port):
    from bacpypes3.apdu import ErrorRejectAbortNack
    from bacpypes3.app import Application
    from bacpypes3.argparse import SimpleArgumentParser
    from bacpypes3.local.analog import AnalogValueObject
    from bacpypes3.pdu import Address

    def device(address, instance):
        parsed = SimpleArgumentParser().parse_args(
            ["--address", address, "--instance", str(instance), "--name", f"device{instance}"])
        return Application.from_args(parsed)

    server = device(f"127.0.0.1/8:{port}", 100)
    level = AnalogValueObject(
        objectIdentifier="analog-value,1", objectName="level", presentValue=4.0, covIncrement=0.5)
    server.add_object(level)
    client = device(f"127.0.0.2/8:{free_port(socket.SOCK_DGRAM, '127.0.0.2')}", 200)
    await asyncio.sleep(0.2)
    there = Address(f"127.0.0.1:{port}")
    assert await client.who_is(address=there, timeout=1)
    said("identify", "request")
    said("identify", "unsolicited")
    for _ in range(6):
        await client.read_property(there, "analog-value,1", "present-value")
    asked("read", 6)
    wanted = ["analog-value,1", ["object-name", "present-value", "units"]]
    await client.read_property_multiple(there, wanted)
    asked("read")
    for value in (1.0, 1.25):
        await client.write_property(there, "analog-value,1", "present-value", value)
    asked("write", 2)
    try:
        await client.read_property(there, "analog-value,9", "present-value")
    except ErrorRejectAbortNack:
        asked("read", answer="exception")
    async with client.change_of_value(there, "analog-value,1", 7, False, 60):
        await asyncio.sleep(0.3)
        level.presentValue = 9.0
        await asyncio.sleep(0.3)
    asked("subscribe", 2)  # and its end
    said("report", "unsolicited", 2)  # at once, and of the change
    client.close()
    server.close()


def enip(port):
    import subprocess

    from cpppo.server.enip import client
    from cpppo.server.enip.get_attribute import attribute_operations

    program = [sys.executable, "-m", "cpppo.server.enip", "-a", f"{HOST}:{port}", "--no-udp"]
    serving = subprocess.Popen(
        [*program, "level=DINT[20]", "flow=REAL[10]"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_server(port)
        with client.connector(host=HOST, port=port, timeout=4) as link:
            asked("session")
            for ask in (link.list_identity, link.list_services, link.list_interfaces):
                ask(timeout=2)
                reply, _ = client.await_response(link, timeout=4)
                assert reply
            asked("identify", 3)
            operations = client.parse_operations(["level[0-3]", "flow[0]", "level[2-5]", "level[9]"])
            assert len(list(link.synchronous(operations, timeout=4))) == 4
            asked("read", 4)
            operations = client.parse_operations(["level[0-1]=(DINT)5,6", "flow[3]=(REAL)1.5"])
            assert len(list(link.synchronous(operations, timeout=4))) == 2
            asked("write", 2)
            assert len(list(link.synchronous(attribute_operations(["@1/1", "@1/1/7"]), timeout=4))) == 2
            asked("identify", 2)
            assert len(list(link.synchronous(client.parse_operations(["level[19-22]"]), timeout=4))) == 1
            asked("read", answer="exception")
            # In one packet, the services are three still.
            operations = client.parse_operations(["level[0]", "level[1]", "level[2]=(DINT)7"])
            assert len(list(link.synchronous(operations, multiple=400, timeout=4))) == 3
            asked("read", 2)
            asked("write")
            # What this stack does not know at all, it refuses with the status of the wrapper.
            try:
                list(link.synchronous(client.parse_operations(["nobody[0]"]), timeout=4))
            except client.ENIPStatusError:
                asked("read", answer="exception")
    finally:
        serving.kill()
        serving.wait()


def mms_server(port, until):
    """Answers until `until` closes."""
    from pyiec61850 import pyiec61850 as stack

    model = stack.IedModel_create("plant")
    device = stack.LogicalDevice_create("LD0", model)
    stack.CDC_ENS_create("Mod", stack.toModelNode(stack.LogicalNode_create("LLN0", device)), 0)
    node = stack.toModelNode(stack.LogicalNode_create("GGIO1", device))
    stack.CDC_SPS_create("Ind1", node, 0)
    stack.CDC_ASG_create("Set1", node, 0, False)
    server = stack.IedServer_create(model)
    stack.IedServer_start(server, port)
    os.read(until, 1)
    stack.IedServer_stop(server)


def mms(port):
    # A client of this stack loses an association that is answered before it waits for the answer. On one processor
    # a server of the batch class does not run before the client waits.
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    until, keeper = os.pipe()
    serving = os.fork()
    if serving == 0:
        os.close(keeper)
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        mms_server(port, until)
        os._exit(0)
    from pyiec61850 import pyiec61850 as stack

    wait_for_server(port)
    client = stack.MmsConnection_create()
    error = stack.MmsError_create()
    assert stack.MmsConnection_connect(client, error, HOST, port)
    asked("session")
    domain = "plantLD0"
    assert stack.MmsConnection_identify(client, error)
    asked("identify")
    assert stack.MmsConnection_getDomainNames(client, error)
    assert stack.MmsConnection_getDomainVariableNames(client, error, domain)
    assert stack.MmsConnection_getDomainVariableListNames(client, error, domain)
    asked("browse", 3)
    assert stack.MmsConnection_getVariableAccessAttributes(client, error, domain, "GGIO1$ST$Ind1")
    asked("browse")
    assert not stack.MmsConnection_getVariableAccessAttributes(client, error, domain, "GGIO1$ST$Nobody")
    asked("browse", answer="exception")
    # What is read of nobody is a bad value in a positive answer.
    for item in ("Ind1$stVal", "Ind1$q", "Ind1$t", "Ind1", "Nobody"):
        assert stack.MmsConnection_readVariable(client, error, domain, f"GGIO1$ST${item}")
    asked("read", 5)
    for value in (2.0, 3.0):
        stack.MmsConnection_writeVariable(client, error, domain, "GGIO1$SP$Set1$setMag$f", stack.MmsValue_newFloat(value))
    asked("write", 2)
    stack.MmsConnection_conclude(client, error)
    asked("session")
    stack.MmsConnection_destroy(client)
    os.close(keeper)
    os.waitpid(serving, 0)


STACKS = {
    stack.__name__: stack for stack in (modbus, modbus_rtu, opcua, iec104, s7comm, bacnet, enip, mms)
}


def main():
    logging.disable(logging.CRITICAL)
    stack = STACKS[sys.argv[1]]
    port = free_port()
    try:
        if asyncio.iscoroutinefunction(stack):
            asyncio.run(stack(port))
        else:
            stack(port)
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(3)
    name = sys.argv[1].removesuffix("_rtu")
    print(json.dumps({"name": name, "port": port, "operations": counts}))


main()
