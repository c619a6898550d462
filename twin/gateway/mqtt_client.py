"""paho's client, changed where it loses what a broker wrote before it died (docs/bus.md, *When the broker dies*)."""

import socket
import ssl

from paho.mqtt.client import Client

__all__ = ["CONNECT_TIMEOUT_S", "LastingClient"]

CONNECT_TIMEOUT_S = 10.0
RECEIVE_BYTES = 8 * 2**20


class LastingClient(Client):
    """A write that fails closes nothing: reading finds the end by itself, after all that was written; what was not sent is sent again on
    the next connection. And the socket takes in 8 MiB before anybody reads: what the broker's kernel could not pass on is gone with it.
    """

    def _sock_send(self, buf: bytes | bytearray) -> int:
        try:
            return super()._sock_send(buf)
        except (BrokenPipeError, ConnectionResetError):
            return len(buf)

    def _create_socket_connection(self) -> socket.socket:
        failed: OSError = ConnectionError(f"{self._host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM):
            found = socket.socket(family, kind, protocol)
            try:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                found.settimeout(CONNECT_TIMEOUT_S)
                found.connect(address)
            except OSError as error:
                found.close()
                failed = error
            else:
                return found
        raise failed

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        """The socket with TLS, its host name checked; closed where the handshake fails, which paho's own forgets."""
        assert self._ssl_context is not None
        return self._ssl_context.wrap_socket(tcp_sock, server_hostname=self._host)
