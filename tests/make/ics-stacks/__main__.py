"""Speaks one industrial protocol over loopback, with a real stack on both sides, or on the client's.

    ics-stacks STACK     a name of STACKS below

Starts a server on a port of no meaning and a client that does a fixed list of operations, then prints as JSON what
was said: {"port": the server's, "operations": {"read/request": 3, ...}}. The operations are counted where they are
asked for, by what the protocol says that a request and its answer are; no byte on the wire is looked at. Ends with 3
where the stack is not installed.
"""
import asyncio
import json
import logging
import os
import sys

import buildings
import controllers
import grid
import messages
import meters
import supervision
from spoken import counts, free_port

STACKS = {
    stack.__name__: stack
    for stack in (
        controllers.modbus, controllers.modbus_rtu, controllers.s7comm, controllers.s7comm_plus, controllers.enip,
        controllers.melsec, controllers.fins, controllers.ads, supervision.opcua, supervision.hart_ip,
        supervision.coap, supervision.coap_tcp, supervision.doip, buildings.bacnet, buildings.bacnet_rusty,
        buildings.knxip, grid.iec104, grid.dnp3, grid.mms, grid.synchrophasor, meters.dlms, messages.mqtt,
        messages.mqtt5, messages.sparkplug, controllers.enip_connected,
    )
}
# Of a client that knows no other port than the registered one.
PORTS = {"ads": 48898}


def main():
    logging.disable(logging.CRITICAL)
    stack = STACKS[sys.argv[1]]
    port = PORTS.get(sys.argv[1]) or free_port()
    try:
        if asyncio.iscoroutinefunction(stack):
            asyncio.run(stack(port))
        else:
            stack(port)
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(3)
    print(json.dumps({"port": port, "operations": counts}))


main()
