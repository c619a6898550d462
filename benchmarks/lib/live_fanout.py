"""Bare Mosquitto under the same load: so many positions a second to so many subscribers, each its own C client; delay by a probe."""

import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psutil

PAYLOAD = b"x" * 62
PROBE, LOAD, SENT = "probe", "load", "$SYS/broker/publish/messages/sent"


def fanout(load: dict[str, int]) -> dict[str, Any]:
    """`{delivered_s, of, share, dropped, cpu, clients_cpu, ms}` of `a_second` messages to `watchers`; None of it touches the twin."""
    broker = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
    reader = shutil.which("mosquitto_sub")
    if broker is None or reader is None:
        return {"missing": "mosquitto, mosquitto-clients"}
    with tempfile.TemporaryDirectory() as name:
        port = _free_port()
        conf = Path(name) / "conf"
        conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nsys_interval 1\nmax_queued_messages 0\nuser root\n")
        process = subprocess.Popen([broker, "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        readers = [
            subprocess.Popen([reader, "-p", str(port), "-t", LOAD, "-N"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(load["watchers"])
        ]
        try:
            time.sleep(2)
            return _driven(port, process, readers, load)
        finally:
            for one in (*readers, process):
                one.kill()
                one.wait()


def _driven(port: int, process: subprocess.Popen[bytes], readers: list[subprocess.Popen[bytes]], load: dict[str, int]) -> dict[str, Any]:
    delays: list[float] = []
    sent: dict[str, int] = {}

    def heard(client: Any, data: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic == PROBE:
            delays.append((time.monotonic_ns() - int(message.payload)) / 1e6)
        else:
            sent[message.topic] = int(re.sub(rb"\D", b"", message.payload) or 0)

    probe, writer = (mqtt.Client(mqtt.CallbackAPIVersion.VERSION2) for _ in range(2))
    probe.on_message = heard
    for client in (probe, writer):
        client.connect("127.0.0.1", port)
        client.loop_start()
    probe.subscribe([(PROBE, 0), ("$SYS/broker/publish/messages/#", 0)])
    time.sleep(2)
    before, everything = dict(sent), [psutil.Process(process.pid), *(psutil.Process(one.pid) for one in readers)]
    cpu, start = [sum(one.cpu_times()[:2]) for one in everything], time.monotonic()
    for number in range(load["a_second"] * load["seconds"]):
        due = start + number / load["a_second"]
        if (now := time.monotonic()) < due:
            time.sleep(due - now)
        writer.publish(LOAD, PAYLOAD)
        if number % (load["a_second"] // 10 or 1) == 0:
            writer.publish(PROBE, str(time.monotonic_ns()))
    took = time.monotonic() - start
    used = [(sum(one.cpu_times()[:2]) - was) / took for one, was in zip(everything, cpu, strict=True)]
    time.sleep(2)
    wanted = load["a_second"] * load["seconds"] * load["watchers"]
    delivered = sent.get(SENT, 0) - before.get(SENT, 0)
    dropped = sent.get("$SYS/broker/publish/messages/dropped", 0) - before.get("$SYS/broker/publish/messages/dropped", 0)
    delays.sort()
    for client in (probe, writer):
        client.loop_stop()
        client.disconnect()
    return {
        "wanted_s": round(wanted / took),
        "delivered_s": round(delivered / took),
        "dropped": dropped,
        "written_s": round(load["a_second"] * load["seconds"] / took),
        "broker_cpu": round(used[0], 2),
        "clients_cpu": round(sum(used[1:]), 2),
        "ms": {"p50": round(delays[len(delays) // 2]), "p99": round(delays[int(len(delays) * 0.99)]), "probes": len(delays)}
        if delays
        else {},
    }


def _spread(delays: list[float]) -> dict[str, int]:
    return {"p50": round(delays[len(delays) // 2]), "p99": round(delays[int(len(delays) * 0.99)]), "probes": len(delays)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
