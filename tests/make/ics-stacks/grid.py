"""Substations and telecontrol."""
import os
import sys
import threading
import time

from spoken import HOST, asked, exactly, said, stream_server, wait_for_server


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


def dnp3(port):
    import opendnp3 as stack

    class Outstation(stack.IOutstationApplication):
        def ColdRestartSupport(self):
            return stack.RestartMode.SUPPORTED_DELAY_COARSE

        def ColdRestart(self):
            return 5

    class Orders(stack.ICommandHandler):
        def Begin(self):
            pass

        def End(self):
            pass

        def Select(self, *order):
            return stack.CommandStatus.SUCCESS

        def Operate(self, *order):
            return stack.CommandStatus.SUCCESS

    class Measured(stack.ISOEHandler):
        def BeginFragment(self, info):
            pass

        def EndFragment(self, info):
            pass

        def Process(self, *values):
            pass

    class Silent(stack.IChannelListener):
        def OnStateChange(self, state):
            pass

    class Master(stack.IMasterApplication):
        pass

    manager = stack.DNP3Manager(1)
    here = manager.AddTCPServer(
        "server", stack.LogLevels(), stack.ServerAcceptMode.CloseNew, stack.IPEndpoint(HOST, port), Silent())
    config = stack.OutstationStackConfig()
    config.database = stack.DatabaseConfig(10)
    config.outstation.eventBufferConfig = stack.EventBufferConfig.AllTypes(10)
    config.outstation.params.allowUnsolicited = True
    config.link.LocalAddr, config.link.RemoteAddr = 10, 1
    outstation = here.AddOutstation("outstation", Orders(), Outstation(), config)
    outstation.Enable()
    wait_for_server(port)
    there = manager.AddTCPClient(
        "client", stack.LogLevels(), stack.ChannelRetry.Default(), [stack.IPEndpoint(HOST, port)], HOST, Silent())
    config = stack.MasterStackConfig()
    config.master.disableUnsolOnStartup = False
    config.master.ignoreRestartIIN = True
    config.link.LocalAddr, config.link.RemoteAddr = 1, 10
    measured = Measured()
    master = there.AddMaster("master", measured, Master(), config)
    master.Enable()
    time.sleep(0.5)
    asked("read")  # of everything, as every start begins
    asked("subscribe")
    update = stack.UpdateBuilder()
    update.Update(stack.Analog(4.5), 1)
    outstation.Apply(update.Build())
    for _ in range(2):  # as every start begins, and of the change
        said("report", "unsolicited")
        said("session", "request")  # its confirmation
    done = threading.Event()

    def ask(call, *arguments):
        call(*arguments, lambda result: done.set())
        assert done.wait(5)
        done.clear()

    def scan(call, *arguments):
        call(*arguments, measured)
        time.sleep(0.15)

    for _ in range(3):
        scan(master.ScanClasses, stack.ClassField.AllClasses())
    scan(master.ScanRange, stack.GroupVariationID(30, 2), 0, 5)
    scan(master.ScanAllObjects, stack.GroupVariationID(1, 0))
    asked("read", 5)
    latch = stack.ControlRelayOutputBlock(stack.OperationType.LATCH_ON)
    for order in (latch, stack.AnalogOutputFloat32(3.5)):
        ask(master.DirectOperate, order, 3)
        ask(master.SelectAndOperate, order, 4)
    asked("control", 4)
    asked("select", 2)
    for call, name in ((master.GetFileInfo, "/a"), (master.ReadDirectory, "/"), (master.DeleteFile, "/a")):
        ask(call, name)
    asked("file", 3)  # which this outstation does not know, and says so in a response
    ask(master.Restart, stack.RestartType.COLD)
    asked("restart")
    master.Disable()
    time.sleep(0.2)
    manager.Shutdown()


def synchrophasor(port):
    import collections

    collections.Sequence = collections.abc.Sequence  # as when this stack was written
    from synchrophasor import frame, pdc

    channels = ["VA", "VB", "VC", "I1", "A1", "A2", "A3", *(f"B{bit}" for bit in range(16))]
    phasors = [(915527, "v")] * 3 + [(45776, "i")]
    analogs = [(1, "pow"), (1, "rms"), (1, "peak")]
    station = (
        7, 1000000, 1, "Station A", 7734, (True, True, True, True), 4, 3, 1, channels, phasors, analogs, [(0, 0xFFFF)],
        60, 22, 30)
    configuration = frame.ConfigFrame2(*station)
    status = ("ok", True, "timestamp", False, False, False, 0, "<10", 0)
    values = [(14635.5, 0.5), (7318.5, -1.2), (7318.0, 1.2), (1092.0, 0.2)]
    data = frame.DataFrame(7734, status, values, 0.5, 0, [100, 1000, 10000], [0x3C12], configuration)
    answers = {
        2: data,
        3: frame.HeaderFrame(7734, "a station of four phasors"),
        4: frame.ConfigFrame1(*station),
        5: configuration,
    }

    def unit(connection):
        """Answers commands with the frames of the same stack, which runs its own unit in processes that stay."""
        while True:
            head = exactly(connection, 4)
            command = exactly(connection, int.from_bytes(head[2:4], "big") - 4)[10:12]
            answer = answers.get(int.from_bytes(command, "big"))
            for _ in range(30 if answer is data else 1 if answer else 0):
                answer.set_time()
                connection.sendall(answer.convert2bytes())
                time.sleep(0.01)

    stream_server(port, unit)
    # A frame behind another is lost to this client, but where it takes few bytes at a time.
    client = pdc.Pdc(pdc_id=7734, pmu_ip=HOST, pmu_port=port, buffer_size=4)
    client.run()
    assert client.get_header()
    assert client.get_config("cfg1")
    assert client.get_config("cfg2")
    asked("read", 3)
    for _ in range(2):
        client.start()
        for _ in range(30):  # measurements are no operation
            assert client.get()
        client.stop()
    said("subscribe", "request", 4)
    client.quit()
