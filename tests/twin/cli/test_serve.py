"""`twin serve` as a process: the address comes first, HEAD has no body on the wire, it ends when told to."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_says_where_it_is_and_answers_until_it_is_told_to_stop(home: Path, workers: str) -> None:
    arguments = ["serve", "--port", "0", "--workers", workers, "--json"]
    program = [sys.executable, "-c", "from twin.cli import main; main()", *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            document = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
            assert document["pid"] == process.pid
            for method, body in (("GET", b'{"status":"ok"}'), ("HEAD", b"")):
                with urlopen(Request(document["url"] + "health", method=method), timeout=60) as answer:
                    assert (answer.status, answer.read()) == (200, body)
                    assert "server" not in answer.headers
        finally:
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=30)
    assert said == ("", "")
    assert process.returncode in (0, -signal.SIGTERM)


def test_what_is_imported_for_all_processes_starts_no_thread_and_reads_no_files_of_models_or_layers() -> None:
    program = (
        "import sys, threading\n"
        "from twin.cli import serve\n"
        "serve._import(*serve.OF_ALL, serve.OF_WORKERS)\n"
        "heavy = {'pandas', 'geopandas', 'rasterio', 'pyogrio', 'open3d', 'ifcopenshell'}\n"
        "print(threading.active_count(), *sorted(heavy & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]
