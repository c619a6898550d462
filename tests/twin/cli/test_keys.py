"""`twin key`: shown once, listed without its secret, ended by name; and the service that then opens to the network."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.twin.cli.conftest import Twin
from twin.auth.secret import parse_key


def test_a_key_is_shown_once_listed_and_revoked(twin: Twin, site: str, home: Path) -> None:
    added = twin("key", "add", "王工", "--role", "asset_manager", "--scope", "unit:11350000", "--scope", f"site:{site}").document
    assert parse_key(added.pop("key")) is not None
    assert (added["state"], added["scopes"]) == ("live", ["label:public", f"site:{site}", "unit:11350000"])
    words = twin("key", "add", "访客", "--role", "viewer", words=True).stdout.splitlines()[0]
    keys = twin("key", "list").document["keys"]
    assert [key["name"] for key in keys] == ["王工", "访客"]
    assert keys[0] == added
    assert words[16:] not in twin("key", "list").stdout + twin("key", "list", words=True).stdout
    assert twin("key", "revoke", "王工").document["state"] == "revoked"
    assert [key["state"] for key in twin("key", "list").document["keys"]] == ["revoked", "live"]
    assert twin("key", "revoke", "王工").error["code"] == "KEY_UNKNOWN"


def test_a_key_opens_until_the_end_of_the_day_that_was_named(twin: Twin) -> None:
    tomorrow = datetime.now().astimezone().date() + timedelta(days=1)
    expires = datetime.fromisoformat(twin("key", "add", "a", "--role", "viewer", "--expires", tomorrow).document["expires_at"])
    assert expires.astimezone().replace(tzinfo=None) == datetime.combine(tomorrow + timedelta(days=1), datetime.min.time())
    assert twin("key", "add", "b", "--role", "viewer", "--expires", "1.12.2026").code == 2
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    assert twin("key", "add", "b", "--role", "viewer", "--expires", yesterday).error["code"] == "INVALID"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--role", "king"], "ROLE_UNKNOWN"),
        (["--role", "unit_clerk"], "SCOPE_MISSING"),
        (["--role", "viewer", "--scope", "everything"], "SCOPE_INVALID"),
        (["--role", "viewer", "--scope", "site:nowhere"], "SITE_UNKNOWN"),
        (["--role", "viewer", "--scope", "label:secret"], "LABEL_UNKNOWN"),
    ],
)
def test_a_key_that_says_too_little_or_what_nobody_has_is_refused(twin: Twin, arguments: list[str], code: str) -> None:
    assert twin("key", "add", "x", *arguments).error["code"] == code
    assert twin("key", "list").document == {"keys": []}


def test_every_role_is_listed_with_what_it_may_do(twin: Twin) -> None:
    roles = {row["role"]: row for row in twin("key", "roles").document["roles"]}
    assert "manage_keys" in roles["administrator"]["actions"]
    assert "anonymous" not in roles
    assert "资产管理" in twin("key", "roles", words=True).stdout


@pytest.mark.parametrize("arguments", [["--host", "0.0.0.0"], ["--proxy-headers", "127.0.0.1"]])
def test_without_a_live_key_the_service_opens_to_nobody_else(twin: Twin, arguments: list[str]) -> None:
    assert twin("serve", "--port", "0", *arguments).error["code"] == "HOST_NEEDS_KEYS"
    twin("key", "add", "x", "--role", "viewer")
    twin("key", "revoke", "x")
    assert twin("serve", "--port", "0", *arguments).error["code"] == "HOST_NEEDS_KEYS"


@pytest.mark.parametrize("arguments", [["--host", "0.0.0.0", "--workers", "2"], ["--proxy-headers", "127.0.0.1"]])
def test_a_key_comes_in_until_it_is_revoked_and_is_in_no_log_and_no_file(twin: Twin, home: Path, arguments: list[str]) -> None:
    key = twin("key", "add", "gate", "--role", "viewer").document["key"]
    program = [sys.executable, "-c", "from twin.cli import main; main()", "serve", "--port", "0", "--json", *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            document = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
            port = document["url"].rsplit(":", 1)[1].strip("/")

            def status(sent: str) -> int:
                headers = {"Authorization": f"Bearer {sent}"} if sent else {}
                try:
                    with urlopen(Request(f"http://127.0.0.1:{port}/sites", headers=headers), timeout=60) as answer:
                        return int(answer.status)
                except HTTPError as error:
                    error.close()
                    return error.code

            assert [status(key), status(""), status(key[:-1] + ("a" if key[-1] != "a" else "b"))] == [200, 401, 401]
            twin("key", "revoke", "gate")
            assert [status(key) for _ in range(4)] == [401] * 4
        finally:
            process.send_signal(signal.SIGTERM)
            stdout, stderr = process.communicate(timeout=30)
    assert "a wrong key" in stderr
    for path in home.rglob("*"):
        assert not path.is_file() or key[16:].encode() not in path.read_bytes(), path
    assert key[16:-1] not in stdout + stderr
