"""The demo compound as users see it: served, on a free port."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.homes import TWIN, Home


@dataclass(frozen=True)
class Served:
    """A running service."""

    url: str
    home: Home


@pytest.fixture(scope="session")
def demo_served(demo_home: Home) -> Iterator[Served]:
    """The demo compound behind `twin serve` on a free port."""
    process = subprocess.Popen([TWIN, "serve", "--port", "0"], env=demo_home.environment, stderr=subprocess.PIPE, text=True)
    try:
        yield Served(_address(process), demo_home)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"http://[\d.]+:\d+/", line):
            return found.group().rstrip("/")
    raise AssertionError(f"twin serve said no address: {said}")
