"""Terminals, gateway, hub, worker and watchers together: what a position needs from the terminal's socket to each watcher."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from lib.live_terminals import phone, plate
from lib.record import ROOT
from lib.service import TWIN, started

HERE = Path(__file__).parent
FULL = {"terminals": 10_000, "a_second": 5_000, "seconds": 60, "watchers": 200}
SMOKE = {"terminals": 20, "a_second": 20, "seconds": 4, "watchers": 3}


def make_home(home: Path, terminals: int) -> None:
    """A site, and as many vehicles with terminals."""
    env = {**os.environ, "TWIN_HOME": str(home)}
    site = [
        "site",
        "add",
        "pingshan",
        "--name",
        "屏山大院",
        "--origin",
        "119.2946,26.0896,30",
        "--crs",
        "EPSG:4549",
        "--geoid-separation",
        "10",
    ]
    register = home.parent / "vehicles.csv"
    rows = [f"{plate(number)},{phone(number)}" for number in range(terminals)]
    register.write_text("\n".join(["车牌号,终端号", *rows]), encoding="utf-8")
    for arguments in (site, ["import", "register", "vehicle", str(register)]):
        subprocess.run([TWIN, *arguments, "--json"], env=env, check=True, stdout=subprocess.DEVNULL)


def stream(folder: Path, load: dict[str, int]) -> dict[str, Any]:
    """Run the load; figures of delays, losses and CPU."""
    home = folder / "home"
    make_home(home, load["terminals"])
    env = {"TWIN_HOME": str(home), "TWIN_GATEWAY_PORT": "0"}
    with started(env) as service:
        gateway = _gateway(home)
        watchers = _begun("live_watchers.py", str(service.port), str(load["watchers"]), str(folder / "watched"))
        terminals = _begun(
            "live_terminals.py",
            "127.0.0.1",
            str(gateway["port"]),
            *(str(load[name]) for name in ("terminals", "a_second", "seconds")),
            str(folder / "written.npy"),
        )
        connected = _said(terminals)
        _said(watchers)
        assert terminals.stdin is not None
        terminals.stdin.write("go\n")
        terminals.stdin.flush()
        cpu = _Cpu(service.pid, load["seconds"])
        driven = _said(terminals)
        cpu.stop()
        time.sleep(1)
        watchers.send_signal(signal.SIGTERM)
        watched = _said(watchers)
        for process in (watchers, terminals):
            process.wait()
    delays = _delays(folder, load["watchers"])
    return {"connect_s": connected["seconds"], "terminals": driven, "watchers": watched, "cpu": cpu.shares, **delays}


def _gateway(home: Path) -> dict[str, Any]:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for path in (home / "history" / "gateways").glob("*.json"):
            told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if told["terminals"]:
                return told
        time.sleep(0.1)
    raise SystemExit("no gateway")


def _begun(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / script), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def _said(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{process.args} ended with {process.wait()}")
    told: dict[str, Any] = json.loads(line)
    return told


class _Cpu:
    """The share of a core that each process of the service takes, between its begin and `stop`."""

    def __init__(self, pid: int, seconds: int) -> None:
        self._processes = {one.pid: one for one in psutil.Process(pid).children(recursive=True)}
        self._before = {one: sum(process.cpu_times()[:2]) for one, process in self._processes.items()}
        self._begun = time.monotonic()
        self.shares: list[float] = []
        threading.Timer(seconds, self.stop).start()

    def stop(self) -> None:
        """Take the figures, once."""
        if self.shares:
            return
        took = time.monotonic() - self._begun
        found = []
        for pid, process in self._processes.items():
            try:
                found.append(round((sum(process.cpu_times()[:2]) - self._before[pid]) / took, 2))
            except psutil.Error:
                continue
        self.shares = sorted(found, reverse=True)


def _delays(folder: Path, watchers: int) -> dict[str, Any]:
    """For every watcher, from the writing of each position to the first frame that has it; what a watcher never had is lost."""
    sys.path.insert(0, str(ROOT))
    from viewer.live import decode_frame

    written = np.load(folder / "written.npy")
    watched = pickle.loads((folder / "watched").read_bytes())
    handle_of = {name: handle for handle, name in watched["names"].items()}
    handles = np.array([handle_of.get(plate(int(which)), -1) for which in written[:, 0]])
    sent_at = handles * 2**34 + written[:, 1]
    order = np.argsort(sent_at)
    keys, sent_ns = sent_at[order], written[order, 2]
    seen = []
    for data in watched["frames"]:
        frame = decode_frame(data)
        second = np.rint((frame.tick_us - frame.age_ms.astype(np.int64) * 1000) / 1e6).astype(np.int64)
        seen.append(frame.handle.astype(np.int64) * 2**34 + second)
    lost, counts, least, most = 0, Counter[int](), [], 0.0
    for had in watched["had"]:
        rows = [np.searchsorted(keys, seen[row]) for row, _ in had]
        found = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        said = np.concatenate([seen[row] for row, _ in had]) if rows else found
        at = np.repeat([ns for _, ns in had], [len(one) for one in rows])
        valid = (found < len(keys)) & (keys[np.minimum(found, len(keys) - 1)] == said)
        first, index = np.unique(found[valid], return_index=True)
        lost += len(keys) - len(first)
        delays_ms = (at[valid][index] - sent_ns[first]) / 1e6
        counts.update(
            dict(zip(*(one.tolist() for one in np.unique(np.maximum(delays_ms, 0).astype(np.int64), return_counts=True)), strict=True))
        )
        least.append(float(delays_ms.min(initial=np.inf)))
        most = max(most, float(delays_ms.max(initial=0)))
    return {
        "delays": len(keys) * watchers - lost,
        "lost": lost,
        "ms": _spread(counts) | {"least": round(min(least), 1), "most": round(most)},
    }


def _spread(counts: Counter[int]) -> dict[str, float]:
    total, found = sum(counts.values()), {}
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)):
        reached = 0
        for ms in sorted(counts):
            reached += counts[ms]
            if reached >= share * total:
                found[name] = float(ms)
                break
    return found
