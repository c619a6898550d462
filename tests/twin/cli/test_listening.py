"""The socket of a service: what is taken at it ends where nobody reads; and files enough for those who come."""

import resource
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from twin.cli.listening import MOST_FILES, UNREAD_S, listen
from twin.errors import Refused


def test_a_connection_has_the_patience_of_the_socket_it_was_taken_at() -> None:
    with closing(listen("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()):
        taken, _ = listening.accept()
        with taken:
            assert taken.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNREAD_S * 1000
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == UNREAD_S


def test_an_address_that_another_has_is_refused() -> None:
    with closing(listen("127.0.0.1", 0)) as listening, pytest.raises(Refused) as refused:
        listen("127.0.0.1", listening.getsockname()[1])
    assert refused.value.code == "PORT_TAKEN"


def test_a_service_opens_as_many_files_as_it_may() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    program = f"""
import resource
from twin.cli.listening import raise_file_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (128, {hard}))
for _ in range(2):
    raise_file_limit()
    print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(most), str(hard)] * 2
