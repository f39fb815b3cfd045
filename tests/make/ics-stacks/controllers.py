"""Controllers."""
import asyncio
import sys
import time

from spoken import HOST, asked, datagram_server, exactly, said, stream_server, wait_for_server


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


def enip_connected(port):
    """By another client, and over a connection of CIP."""
    import subprocess

    import cpppo  # noqa: F401
    from pycomm3 import CIPDriver

    program = [sys.executable, "-m", "cpppo.server.enip", "-a", f"{HOST}:{port}", "--no-udp"]
    serving = subprocess.Popen([*program, "level=DINT[20]"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_server(port)
        client = CIPDriver(f"{HOST}:{port}/bp/0")
        assert client.open()
        asked("session")
        assert client._list_identity()
        asked("identify")

        def ask(attribute, connected, thing=b"\x01"):
            return client.generic_message(
                service=b"\x0e", class_code=thing, instance=1, attribute=attribute, connected=connected)

        # An answer whose request was not seen says that an attribute was read, and not of what.
        assert ask(b"\x01", False, b"\xf5")
        asked("read")
        for attribute in (b"\x01", b"\x07"):
            assert ask(attribute, False)
        asked("identify", 2)
        for attribute in (b"\x01", b"\x02", b"\x07"):
            assert ask(attribute, True)
        asked("session")  # the connection is opened
        asked("identify", 3)
        client.close()
        asked("session")  # and closed
        said("session", "request")  # the end of all, to which there is no answer
    finally:
        serving.kill()
        serving.wait()


def s7comm_plus(port):
    import s7commplus
    from s7commplus.protocol import ProtocolVersion
    from s7commplus.server import S7CommPlusServer

    server = S7CommPlusServer(protocol_version=ProtocolVersion.V1)
    server.register_db(1, {"level": ("Real", 0), "count": ("Int", 4)}, size=100)
    server.start(HOST, port)
    wait_for_server(port)
    client = s7commplus.Client()
    client.connect(HOST, port)
    asked("other")  # whether there is TLS
    asked("session")
    asked("write")  # what the session is to be
    asked("read")  # what it may do
    for _ in range(6):
        client.db_read(1, 0, 4)
    client.db_read_multi([(1, 0, 4), (1, 4, 2)])
    asked("read", 7)
    for _ in range(3):
        client.db_write(1, 0, b"\x41\x20\x00\x00")
    asked("write", 3)
    client.explore()
    client.list_datablocks()
    asked("browse", 2)
    client.disconnect()
    asked("session")
    time.sleep(0.1)
    server.stop()


# MELSEC communication protocol, frames 3E in binary (SH-080008, SLMP SH-080956).
def melsec_answer(command, subcommand, data):
    """An end code and data."""
    count = int.from_bytes(data[-2:], "little")
    if command == 0x0401:
        if data[0] | data[1] << 8 >= 60000:
            return 0xC056, b""
        return 0, bytes((count + 1) // 2 if subcommand & 1 else 2 * count)
    if command == 0x0403:
        return 0, bytes(2 * data[0] + 4 * data[1])
    if command == 0x0101:
        return 0, b"FX5U-32MR/ES".ljust(16) + b"\x21\x4a"
    return 0, data if command == 0x0619 else b""


def melsec_server(connection):
    while True:
        head = exactly(connection, 9)  # subheader, route, length
        body = exactly(connection, int.from_bytes(head[7:9], "little"))
        command, subcommand = int.from_bytes(body[2:4], "little"), int.from_bytes(body[4:6], "little")
        end, data = melsec_answer(command, subcommand, body[6:])
        data = end.to_bytes(2, "little") + (head[2:7] + body[2:6] if end else data)
        connection.sendall(b"\xd0\x00" + head[2:7] + len(data).to_bytes(2, "little") + data)


def melsec(port):
    import pymcprotocol

    stream_server(port, melsec_server)
    client = pymcprotocol.Type3E()
    client.connect(HOST, port)
    for start in range(5):
        client.batchread_wordunits(f"D{start}", 10)
    client.batchread_bitunits("M100", 16)
    client.randomread(["D1", "D2"], ["D100"])
    asked("read", 7)
    client.batchwrite_wordunits("D100", [1, 2, 3])
    client.batchwrite_bitunits("M10", [1, 0, 1])
    client.randomwrite(["D1"], [4], ["D100"], [9])
    client.randomwrite_bitunits(["M1", "M7"], [1, 0])
    asked("write", 4)
    client.read_cputype()
    asked("identify")
    client.echo_test("abcde")
    asked("diagnose")
    client.remote_unlock("1234")
    client.remote_lock("1234")
    asked("session", 2)
    client.remote_run(2, True)
    asked("start")
    client.remote_stop()
    asked("stop")
    client.remote_pause(False)
    asked("mode")
    client.remote_latchclear()
    asked("control")
    try:
        client.batchread_wordunits("D60000", 2)
    except pymcprotocol.mcprotocolerror.MCProtocolError:
        asked("read", answer="exception")
    client.close()


# FINS (W342, W421).
def fins_answer(request):
    command, parameters = request[10:12], request[12:]
    data = {
        b"\x05\x01": b"CJ2M-CPU33".ljust(20) + b"02.01".ljust(20) + bytes(117),
        b"\x06\x01": b"\x01\x04" + bytes(24),
        b"\x07\x01": b"\x26\x11\x23\x06\x05\x01\x01",
    }.get(command, b"")
    if command == b"\x01\x01":
        data = bytes(int.from_bytes(parameters[4:6], "big") * (2 if parameters[0] & 0x80 else 1))
    # Back to where it came from.
    head = b"\xc0\x00\x02" + request[6:9] + request[3:6] + request[9:10]
    yield head + command + b"\x00\x00" + data


def fins(port):
    from fins import udp

    datagram_server(port, fins_answer)
    client = udp.UDPFinsConnection()
    client.connect(HOST, port, bind_port=0)
    client.dest_node_add, client.srce_node_add = 1, 25
    words, bits = b"\x82", b"\x02"
    for start in range(6):
        client.memory_area_read(words, bytes([0, start, 0]), 3)
    client.memory_area_read(bits, b"\x00\x05\x01", 4)
    asked("read", 7)
    for value in (b"\x00\x01", b"\x00\x02"):
        client.memory_area_write(words, b"\x00\x64\x00", value * 2, 2)
    asked("write", 2)
    client.cpu_unit_data_read()
    asked("identify")
    client.cpu_unit_status_read()
    asked("diagnose")
    client.change_to_run_mode()
    asked("start")
    client.change_to_program_mode()
    asked("stop")


def ads(port):
    import pyads
    from pyads.testserver import AdsTestServer, AdvancedHandler, PLCVariable

    handler = AdvancedHandler()
    for number, name in enumerate(("MAIN.count", "MAIN.level")):
        handler.add_variable(PLCVariable(
            name, b"\x05\x00", pyads.constants.ADST_INT16, "INT", index_group=0x4020, index_offset=100 + 10 * number))
    server = AdsTestServer(handler=handler, ip_address=HOST, port=port)
    server.start()
    wait_for_server(port)
    pyads.open_port()
    client = pyads.Connection("127.0.0.1.1.1", pyads.PORT_TC3PLC1, HOST)
    client.open()
    client.read_device_info()
    asked("identify")
    client.read_state()
    asked("diagnose")
    client.write_control(pyads.ADSSTATE_RUN, 0, 0, pyads.PLCTYPE_INT)
    asked("mode")
    for _ in range(5):
        client.read(0x4020, 100, pyads.PLCTYPE_INT)
    asked("read", 5)
    for value in (7, 8, 9):
        client.write(0x4020, 100, value, pyads.PLCTYPE_INT)
    asked("write", 3)
    for _ in range(3):
        client.read_by_name("MAIN.count", pyads.PLCTYPE_INT)
    asked("read", 6)  # the handle of the name, then its value
    asked("write", 3)  # the handle is let go
    client.close()
    server.stop()
