"""Buildings."""
import asyncio
import socket

from spoken import HOST, asked, datagram_server, free_port, said


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


async def bacnet_rusty(port):
    import rusty_bacnet as stack

    server = stack.BACnetServer(device_instance=1234, device_name="device", interface=HOST, port=port)
    for instance in range(1, 6):
        server.add_analog_input(instance=instance, name=f"input{instance}", units=62, present_value=20.5 + instance)
    server.add_analog_value(instance=1, name="value1", units=62)
    await server.start()
    there = f"{HOST}:{port}"
    kinds, properties = stack.ObjectType, stack.PropertyIdentifier
    level, target = stack.ObjectIdentifier(kinds.ANALOG_INPUT, 1), stack.ObjectIdentifier(kinds.ANALOG_VALUE, 1)
    now = properties.PRESENT_VALUE
    async with stack.BACnetClient(HOST, free_port(socket.SOCK_DGRAM)) as client:
        for _ in range(4):
            await client.read_property(there, level, now)
        await client.read_property(there, stack.ObjectIdentifier(kinds.DEVICE, 1234), properties.OBJECT_LIST)
        both = [(level, [(now, None), (properties.OBJECT_NAME, None)]), (target, [(now, None)])]
        await client.read_property_multiple(there, both)
        asked("read", 6)
        value = stack.PropertyValue.real(4.5)
        await client.write_property(there, target, now, value, 16)
        await client.write_property_multiple(there, [(target, [(now, value, 16, None)])])
        asked("write", 2)
        try:
            await client.read_property(there, stack.ObjectIdentifier(kinds.ANALOG_INPUT, 99), now)
        except Exception:
            asked("read", answer="exception")
        await client.subscribe_cov(there, 1, level, False, 60)
        await asyncio.sleep(0.2)
        await client.unsubscribe_cov(there, 1, level)
        asked("subscribe", 2)
        said("report", "unsolicited")  # at once
        await client.who_is_directed(there)
        await asyncio.sleep(0.2)
        said("identify", "request")
        said("identify", "unsolicited")
        await client.time_synchronization(there, (2026, 11, 23, 1), (6, 0, 0, 0))
        said("time", "request")  # to which there is no answer
        await client.get_alarm_summary(there)
        asked("alarm")
    await server.stop()


# KNXnet/IP (3/8/2 core, 3/8/4 tunnelling): a tunnelling server with nothing on its bus.
def knx_answer(request):
    service, body = request[2:4], request[6:]

    def telegram(service, body):
        return b"\x06\x10" + service + (6 + len(body)).to_bytes(2, "big") + body

    here = b"\x08\x01" + bytes(6)  # its endpoint: where its datagrams come from
    if service == b"\x02\x03":  # DESCRIPTION_REQUEST
        device = b"\x36\x01\x02\x00\x11\x01\x00\x00" + bytes(6) + b"\xe0\x00\x17\x0c" + bytes(6) + b"gateway".ljust(30, b"\0")
        yield telegram(b"\x02\x04", device + b"\x06\x02\x02\x01\x04\x01")
    elif service == b"\x02\x05":  # CONNECT_REQUEST
        yield telegram(b"\x02\x06", b"\x01\x00" + here + b"\x04\x04\x11\x0a")
    elif service in (b"\x02\x07", b"\x02\x09"):  # CONNECTIONSTATE_REQUEST, DISCONNECT_REQUEST
        yield telegram(bytes([2, service[1] + 1]), body[:1] + b"\x00")
    elif service == b"\x04\x20":  # TUNNELLING_REQUEST
        yield telegram(b"\x04\x21", body[:3] + b"\x00")
        if body[4] == 0x11:  # L_Data.req is confirmed by L_Data.con
            knx_answer.sent = getattr(knx_answer, "sent", -1) + 1
            yield telegram(b"\x04\x20", b"\x04\x01" + bytes([knx_answer.sent & 0xFF]) + b"\x00\x2e" + body[5:])


async def knxip(port):
    from xknx import XKNX
    from xknx.devices import Switch
    from xknx.io import ConnectionConfig, ConnectionType

    datagram_server(port, knx_answer)
    bus = XKNX(connection_config=ConnectionConfig(
        connection_type=ConnectionType.TUNNELING, gateway_ip=HOST, gateway_port=port, local_ip=HOST))
    await bus.start()
    lamp = Switch(bus, name="lamp", group_address="1/1/1")
    for _ in range(4):
        await lamp.set_on()
        await lamp.set_off()
    await bus.join()
    await asyncio.sleep(0.1)
    await bus.stop()
    asked("session", 2)  # it connects and goes
    asked("other", 16)  # telegrams into the tunnel, and each confirmed by one out of it
