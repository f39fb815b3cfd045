"""Brokers, and who speaks over them."""
import socket
import subprocess
import tempfile
import threading
import time

from spoken import HOST, asked, said, wait_for_server


class Broker:
    """mosquitto, which is a program of its own."""

    def __init__(self, port):
        self.folder = tempfile.TemporaryDirectory()
        path = f"{self.folder.name}/broker.conf"
        with open(path, "w", encoding="ascii") as settings:
            settings.write(f"listener {port} {HOST}\nallow_anonymous true\nuser root\n")
        try:
            self.program = subprocess.Popen(
                ["/usr/sbin/mosquitto", "-c", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except FileNotFoundError as missing:
            raise ImportError("mosquitto") from missing
        wait_for_server(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.kill()
        self.program.wait()
        self.folder.cleanup()


def until(done, seconds=6):
    """Waits for what the client's own thread finds."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.01)


def paho_client():
    """paho, which wakes its own thread over loopback where it is not given a pair of sockets."""
    import paho.mqtt.client as paho

    def pair():
        ends = socket.socketpair()
        for end in ends:
            end.setblocking(False)
        return ends

    paho._socketpair_compat = pair
    return paho


def mqtt(port, version=4):
    paho = paho_client()
    heard, acknowledged = [], []
    with Broker(port):
        client = paho.Client(client_id="plant", protocol=version)
        client.on_message = lambda *message: heard.append(message[2])
        client.on_publish = lambda *more: acknowledged.append(more[2])
        client.on_subscribe = client.on_unsubscribe = lambda *more: acknowledged.append(more[2])
        connected = threading.Event()
        client.on_connect = lambda *_: connected.set()
        client.connect(HOST, port, keepalive=600)
        client.loop_start()
        assert connected.wait(4)
        asked("session")
        client.subscribe([("plant/level", 0), ("plant/flow", 1), ("plant/valve", 2)])
        until(lambda: len(acknowledged) == 1)
        asked("subscribe")
        for value in range(4):
            client.publish("plant/level", str(value), qos=0)
        until(lambda: len(heard) == 4)
        said("report", "unsolicited", 8)  # to the broker, and back
        for value in range(3):
            client.publish("plant/flow", str(value), qos=1)
        until(lambda: len(heard) == 7 and len(acknowledged) >= 8)
        said("report", "unsolicited", 6)
        said("report", "response", 6)  # each way one acknowledgement
        client.publish("plant/valve", b"x" * 300, qos=2)
        until(lambda: len(heard) == 8)
        time.sleep(0.2)
        said("report", "unsolicited", 2)
        said("report", "response", 2)  # of each way the last of three: what is in between is a part of it
        client.unsubscribe("plant/level")
        time.sleep(0.2)
        asked("subscribe")
        client.disconnect()
        said("session", "request")  # to which there is no answer
        time.sleep(0.1)
        client.loop_stop()


def mqtt5(port):
    mqtt(port, 5)


def sparkplug(port):
    paho_client()
    from mqtt_spb_wrapper import MqttSpbEntityEdgeNode

    with Broker(port):
        node = MqttSpbEntityEdgeNode("plant", "boiler", retain_birth=False)
        node.attributes.set_value("make", "Picket")
        node.data.set_value("level", 4.0)
        node.commands.set_value("restart", False)
        node.connect(HOST, port)
        until(node.is_connected)
        asked("session")
        asked("subscribe", 2)  # to commands, and to what hosts say of themselves
        time.sleep(0.3)
        node.publish_birth()
        said("report", "unsolicited")
        for value in (5.0, 6.0, 7.0):
            node.data.set_value("level", value)
            node.publish_data()
            said("report", "unsolicited")
        time.sleep(0.3)
        node.disconnect()
        said("report", "unsolicited")  # the node's death, before it goes
        said("session", "request")
        time.sleep(0.3)
