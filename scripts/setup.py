"""What `make` needs on a fresh machine: the environment, the viewer, the capabilities of the tests.

Runs on the system's Python with its standard library alone. `python` makes .venv from requirements.lock (hashes checked)
with uv, `viewer` builds the page with npm, `capabilities` installs Debian's packages that tests use, where it may.
"""

import ctypes.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
WEB = ROOT / "viewer" / "web"
PACKAGES = ("spatial", "bim", "cim", "sensors", "tiles", "viewer", "twin")
UV_VERSION = "0.13.9"
MINIMUM_PYTHON = (3, 11)
MINIMUM_NODE = 20
DEBIAN_PACKAGES = {
    "chromium": lambda: shutil.which("chromium") is not None,
    "fonts-wqy-microhei": lambda: any(Path("/usr/share/fonts").rglob("wqy-microhei*")),
    "libusb-1.0-0": lambda: ctypes.util.find_library("usb-1.0") is not None,
    "mosquitto": lambda: shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin") is not None,
    "postgresql": lambda: any(Path("/usr/lib/postgresql").glob("*/bin/initdb")),
}


def say(text: str) -> None:
    sys.stderr.write(f"setup: {text}\n")


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    result = subprocess.run([str(part) for part in command], cwd=cwd, check=False)
    if result.returncode:
        raise SystemExit(f"setup: {' '.join(str(part) for part in command)} ended with {result.returncode}")


def setup_python() -> None:
    if sys.version_info < MINIMUM_PYTHON:
        raise SystemExit(f"setup: Python {sys.version.split()[0]} is too old; run make PYTHON=/path/to/python3.11")
    python = VENV / "bin" / "python"
    if not python.exists():
        say("making .venv")
        venv.create(VENV, with_pip=True)
    say("installing what requirements.lock names")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"uv=={UV_VERSION}")
    uv = VENV / "bin" / "uv"
    install = (uv, "pip", "install", "--quiet", "--python", python)
    os.environ.setdefault("UV_COMPILE_BYTECODE", "1")
    run(*install, "--require-hashes", "-r", "requirements.lock")
    run(*install, "--no-deps", "--editable", ".")
    run(python, "-m", "compileall", "-q", *PACKAGES)
    (VENV / ".installed").touch()


def setup_viewer() -> None:
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout if node else ""
    if not version or int(version.lstrip("v").split(".")[0]) < MINIMUM_NODE:
        raise SystemExit(f"setup: Node {version.strip() or 'not found'}; version {MINIMUM_NODE} or later is needed")
    say("building the viewer")
    run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=WEB)
    run("npm", "run", "build", "--silent", cwd=WEB)
    (ROOT / "viewer" / "static" / ".built").touch()


def setup_capabilities() -> None:
    missing = [name for name, present in DEBIAN_PACKAGES.items() if not present()]
    if not missing:
        return
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        say(f"tests that need {', '.join(missing)} will be skipped; install them with: {line}")
        return
    say(line)
    run("apt-get", "update", "-qq")
    run("env", "DEBIAN_FRONTEND=noninteractive", *line.replace("install", "install -qq", 1).split())


STEPS = {"python": setup_python, "viewer": setup_viewer, "capabilities": setup_capabilities}

if __name__ == "__main__":
    for name in sys.argv[1:] or ["python", "viewer"]:
        STEPS[name]()
