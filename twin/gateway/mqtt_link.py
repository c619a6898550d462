"""One lasting connection to a broker: paho's protocol, driven by the event loop of its owner, one thread for all."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from twin.errors import Refused
from twin.gateway.bus_address import BusAddress
from twin.gateway.mqtt_client import CONNECT_TIMEOUT_S, LastingClient
from twin.gateway.mqtt_heard import Heard, LinkNews

__all__ = ["MqttLink"]

KEEPALIVE_S = 30
LEAST_WAIT_S, MOST_WAIT_S = 0.2, 3.0
READS_AT_ONCE = 200
WRONG_VERSION = 132
SHARE = "$share/"
CLOSED, UNSPECIFIED = "the connection was closed", "Unspecified error"


@dataclass(kw_only=True, eq=False)
class MqttLink:
    """A session of `client_id` that outlives connections for `session_expiry_s`; `heard` is called for every message, in order.

    With `clean`, the session ends with the connection. MQTT 5 is spoken, and 3.1.1 where the broker refuses it; a broker without
    shared subscriptions gets plain ones, which is told in `LinkNews.notes`.
    """

    address: BusAddress
    client_id: str
    subscriptions: Sequence[str] = ()
    heard: Callable[[Heard], None] = lambda heard: None
    news: Callable[[LinkNews], None] = lambda news: None
    session_expiry_s: int = 86_400
    receive_maximum: int = 20_000
    most_bytes: int = 64 * 2**20
    clean: bool = False
    rng: Random = field(default_factory=Random)
    connection: int = field(default=0, init=False)
    version: MQTTProtocolVersion = field(default=MQTTProtocolVersion.MQTTv5, init=False)
    connected: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _client: Client | None = field(default=None, init=False)
    _lost: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _reason: str = field(default="", init=False)
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict, init=False)
    _waiting: dict[int, asyncio.Future[None]] = field(default_factory=dict, init=False)
    _accepted: asyncio.Future[tuple[ReasonCode, Properties | None]] | None = field(default=None, init=False)
    _told_down: bool = field(default=False, init=False)
    _paused: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Stay connected until cancelled; then say goodbye, the session stays."""
        wait_s = LEAST_WAIT_S
        try:
            while True:
                try:
                    notes = await self._connect()
                except (OSError, TimeoutError, ssl.SSLError, Refused) as error:
                    self._drop()
                    self._tell_down(str(error) or type(error).__name__)
                    await asyncio.sleep(wait_s * self.rng.uniform(0.5, 1.0))
                    wait_s = min(wait_s * 2, MOST_WAIT_S)
                    continue
                wait_s = LEAST_WAIT_S
                self._told_down = False
                self.connected.set()
                self.news(LinkNews(up=True, notes=notes))
                await self._stay()
                self._drop()
                self._tell_down(self._reason)
        finally:
            self.connected.clear()
            self._goodbye()

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        content_type: str = "",
        correlation: bytes = b"",
        properties: Mapping[str, str] | None = None,
    ) -> asyncio.Future[None]:
        """Send a message; the future is done when the broker has acknowledged it (at once with QoS 0). While the broker is away the
        message waits in memory and is sent when it is back."""
        client = self._made()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        info = client.publish(
            topic, payload, qos=qos, retain=retain, properties=self._publish_properties(content_type, correlation, properties)
        )
        if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            raise Refused(f"{len(self._waiting)} messages to {self.address} wait for it", code="BUS_REFUSED")
        if qos == 0:
            done.set_result(None)
        else:
            self._waiting[info.mid] = done
        return done

    def pause(self) -> None:
        """Read nothing more for now: whoever owns the link has more than it can hold."""
        self._paused = True
        if self._client is not None and (connection := self._client.socket()) is not None and connection.fileno() >= 0:
            self._loop.remove_reader(connection.fileno())

    def resume(self) -> None:
        """Read again."""
        if self._paused:
            self._paused = False
            if self._client is not None and (connection := self._client.socket()) is not None and connection.fileno() >= 0:
                self._loop.add_reader(connection.fileno(), self._read, self._client)
                self._loop.call_soon(self._read, self._client)

    def acknowledge(self, heard: Heard) -> bool:
        """Acknowledge a message; False where its connection is gone: the broker sends it again."""
        if heard.qos == 0:
            return True
        if self._client is None or heard.connection != self.connection or self._lost.is_set():
            return False
        return self._client.ack(heard.mid, heard.qos) == MQTTErrorCode.MQTT_ERR_SUCCESS

    def _made(self) -> Client:
        if self._client is None:
            five = self.version == MQTTProtocolVersion.MQTTv5
            client = LastingClient(
                CallbackAPIVersion.VERSION2,
                client_id=self.client_id,
                protocol=self.version,
                clean_session=None if five else self.clean,
                manual_ack=True,
                reconnect_on_failure=False,
            )
            client.connect_timeout = CONNECT_TIMEOUT_S
            client.max_inflight_messages_set(1000)
            client.max_queued_messages_set(0)
            if self.address.user is not None:
                client.username_pw_set(self.address.user, self.address.password)
            if self.address.tls:
                client.tls_set(ca_certs=None if self.address.ca_file is None else str(self.address.ca_file))
            client.on_connect = self._on_connect
            client.on_disconnect = self._on_disconnect
            client.on_message = self._on_message
            client.on_subscribe = self._on_subscribe
            client.on_publish = self._on_publish
            client.on_socket_register_write = self._on_register_write
            client.on_socket_unregister_write = self._on_unregister_write
            client.on_socket_close = self._on_socket_close
            self._thread = threading.get_ident()
            self._loop = asyncio.get_running_loop()
            self._client = client
        return self._client

    async def _connect(self) -> tuple[str, ...]:
        reason, properties = await self._open()
        if reason.is_failure and int(reason.value) == WRONG_VERSION and self.version == MQTTProtocolVersion.MQTTv5:
            self._drop()  # a client of paho has one version
            self.version, self._client = MQTTProtocolVersion.MQTTv311, None
            reason, properties = await self._open()
        if reason.is_failure:
            raise Refused(f"{self.address} refuses {self.client_id}: {reason}", code="BUS_REFUSED")
        notes = () if self.version == MQTTProtocolVersion.MQTTv5 else ("BUS_MQTT_3",)
        shared = self.version == MQTTProtocolVersion.MQTTv5 and getattr(properties, "SharedSubscriptionAvailable", 1) == 1
        topics = [topic if shared else _unshared(topic) for topic in self.subscriptions]
        if topics != list(self.subscriptions):
            notes = (*notes, "BUS_NOT_SHARED")
        await self._subscribe(topics)
        return notes

    async def _open(self) -> tuple[ReasonCode, Properties | None]:
        client = self._made()
        self._accepted, self._reason = self._loop.create_future(), CLOSED
        self._lost.clear()
        self._paused = False
        self.connection += 1
        await asyncio.to_thread(self._dial, client)
        connection = client.socket()
        if connection is None:
            raise ConnectionError(self._reason)
        self._loop.add_reader(connection.fileno(), self._read, client)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await self._accepted

    def _dial(self, client: Client) -> None:
        if self.version != MQTTProtocolVersion.MQTTv5:
            client.connect(self.address.host, self.address.port, KEEPALIVE_S)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0 if self.clean else self.session_expiry_s
        properties.ReceiveMaximum = self.receive_maximum
        properties.MaximumPacketSize = self.most_bytes
        client.connect(self.address.host, self.address.port, KEEPALIVE_S, clean_start=self.clean, properties=properties)

    async def _subscribe(self, topics: Sequence[str]) -> None:
        if not topics:
            return
        assert self._client is not None
        result, mid = self._client.subscribe([(topic, 1) for topic in topics])
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise ConnectionError(CLOSED)
        answer = self._answers[mid] = self._loop.create_future()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                codes: Sequence[ReasonCode] = await answer
        finally:
            self._answers.pop(mid, None)
        if refused := [topic for topic, code in zip(topics, codes, strict=True) if code.is_failure]:
            raise Refused(f"{self.address} refuses to let {self.client_id} listen to {', '.join(refused)}", code="BUS_REFUSED")

    async def _stay(self) -> None:
        assert self._client is not None
        while not self._lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._lost.wait()
            if not self._lost.is_set():
                self._client.loop_misc()

    def _read(self, client: Client) -> None:
        try:
            for _ in range(READS_AT_ONCE):
                self._progress = False
                result = client.loop_read()
                if result != MQTTErrorCode.MQTT_ERR_SUCCESS or not self._progress or self._paused or client.socket() is None:
                    break
        except (OSError, ValueError) as error:
            self._reason = str(error)
            self._drop()
            return
        connection = client.socket()
        if isinstance(connection, ssl.SSLSocket) and not self._paused and connection.pending():
            self._loop.call_soon(self._read, client)  # what is deciphered already wakes nobody

    def _drop(self) -> None:
        """Close what is left of a connection."""
        self.connected.clear()
        if self._client is not None and (connection := self._client.socket()) is not None:
            self._unwatch(connection)
            with suppress(OSError):
                connection.close()
        self._lost.set()

    def _unwatch(self, connection: Any) -> None:
        if (descriptor := connection.fileno()) >= 0:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)

    def _goodbye(self) -> None:
        if self._client is None or self._client.socket() is None:
            return
        with suppress(OSError, ValueError):
            self._client.disconnect()
            self._client.loop_write()
        self._drop()

    def _tell_down(self, reason: str) -> None:
        if not self._told_down:
            self._told_down = True
            self.news(LinkNews(up=False, reason=reason))

    def _publish_properties(self, content_type: str, correlation: bytes, properties: Mapping[str, str] | None) -> Properties | None:
        if self.version != MQTTProtocolVersion.MQTTv5:
            return None
        found = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if content_type:
            found.ContentType = content_type
        if correlation:
            found.CorrelationData = correlation
        if properties:
            found.UserProperty = list(properties.items())
        return found

    def _on_connect(self, client: Client, data: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None) -> None:
        self._progress = True
        if self._accepted is not None and not self._accepted.done():
            self._accepted.set_result((reason, properties))

    def _on_disconnect(
        self, client: Client, data: object, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if not self._in_loop():
            self._loop.call_soon_threadsafe(self._disconnected, client, str(reason))
        else:
            self._disconnected(client, str(reason))

    def _disconnected(self, client: Client, reason: str) -> None:
        if client is not self._client:
            return
        self._reason = CLOSED if reason == UNSPECIFIED else reason
        self._lost.set()
        if self._accepted is not None and not self._accepted.done():
            self._accepted.set_exception(ConnectionError(reason))
            self._accepted.exception()

    def _on_message(self, client: Client, data: object, message: MQTTMessage) -> None:
        self._progress = True
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\ufffd"
        properties = message.properties
        self.heard(
            Heard(
                topic=topic,
                payload=bytes(message.payload),
                qos=message.qos,
                mid=message.mid,
                connection=self.connection,
                duplicate=bool(message.dup),
                retained=bool(message.retain),
                content_type=getattr(properties, "ContentType", ""),
                properties=tuple(getattr(properties, "UserProperty", ())),
                response_topic=getattr(properties, "ResponseTopic", ""),
                correlation=getattr(properties, "CorrelationData", b""),
            )
        )

    def _on_subscribe(self, client: Client, data: object, mid: int, codes: Sequence[ReasonCode], properties: Properties | None) -> None:
        self._progress = True
        if (answer := self._answers.get(mid)) is not None and not answer.done():
            answer.set_result(codes)

    def _on_publish(self, client: Client, data: object, mid: int, reason: ReasonCode, properties: Properties | None) -> None:
        self._progress = True
        done = self._waiting.pop(mid, None)
        if done is None or done.done():
            return
        if reason.is_failure:
            done.set_exception(Refused(f"{self.address} refuses a message of {self.client_id}: {reason}", code="BUS_REFUSED"))
            done.exception()  # whoever does not wait for it does not want to know
        else:
            done.set_result(None)

    def _on_register_write(self, client: Client, data: object, connection: Any) -> None:
        if self._in_loop():
            self._watch_writes(client, connection)
        else:
            self._loop.call_soon_threadsafe(self._watch_writes, client, connection)

    def _watch_writes(self, client: Client, connection: Any) -> None:
        if connection.fileno() >= 0:
            self._loop.add_writer(connection.fileno(), self._write, client)

    def _write(self, client: Client) -> None:
        try:
            client.loop_write()
        except (OSError, ValueError) as error:
            self._reason = str(error)
            self._drop()
            return
        if not client.want_write() and (connection := client.socket()) is not None and connection.fileno() >= 0:
            self._loop.remove_writer(connection.fileno())

    def _on_unregister_write(self, client: Client, data: object, connection: Any) -> None:
        if connection.fileno() >= 0 and self._in_loop():
            self._loop.remove_writer(connection.fileno())

    def _on_socket_close(self, client: Client, data: object, connection: Any) -> None:
        if self._in_loop():
            self._unwatch(connection)

    def _in_loop(self) -> bool:
        return threading.get_ident() == self._thread


def _unshared(topic: str) -> str:
    return topic.split("/", 2)[2] if topic.startswith(SHARE) else topic
