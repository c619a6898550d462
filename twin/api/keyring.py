"""Who a request stands for, by its key or its session; nobody without either."""

import hashlib
import logging
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from fastapi import Request, Response

from twin.api.failures import Failures, network_of
from twin.api.origin import require_own_origin
from twin.auth import Principal, anonymous
from twin.auth.secret import Secret, parse_key
from twin.errors import StoreUnavailable, Unauthenticated
from twin.store import Keys, SignedIn
from twin.store.watch import Watch

__all__ = ["Keyring", "cookie_name"]

KEPT = 1024
CLOSING_S = 2.0
"""How long the end of a service waits for the records; that a key was used a moment ago is not worth more."""
log = logging.getLogger(__name__)


class _Known(NamedTuple):
    """A key that was found right in the state of the store that `number` stands for, and under which name its failures are counted."""

    number: int
    signed: SignedIn
    prefix: str


class Keyring:
    """Keys and sessions of the store as a service sees them: what is revoked is refused at once.

    With a `watch` a key that was found right is known until the store changes.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        watch: Watch | None = None,
        failures: Failures | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._watch = watch
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._failures = Failures() if failures is None else failures
        self._now = now
        self._clock_s = clock_s
        self._notes = ThreadPoolExecutor(max_workers=1, thread_name_prefix="key-use")
        self._noted: set[int] = set()
        self._noting: list[Future[None]] = []
        self._lock = Lock()

    def close(self) -> None:
        """Write down the last uses that wait, unless another writer holds the records for long, and no more."""
        wait(self._noting, timeout=CLOSING_S)
        self._notes.shutdown(wait=False, cancel_futures=True)

    def principal_of(self, request: Request) -> Principal:
        """The principal of the key in `Authorization: Bearer`, else of the session, else nobody.

        Raises Unauthenticated (`KEY_INVALID`) and TooManyFailures for wrong keys, Forbidden for another site's page.
        """
        sent = request.headers.get("authorization")
        if sent is not None:
            scheme, _, key = sent.partition(" ")
            number = self._watch.number() if self._watch is not None else None  # before the key is looked for: a later change voids it
            signed = self._by_key(request, key.strip() if scheme.lower() == "bearer" else "")
            secret = parse_key(key.strip())
            if number is not None and secret is not None and not signed.use_is_due:
                self._remember(sent, _Known(number, signed, _prefix(secret)))
            return signed.principal
        token = request.cookies.get(cookie_name(request))
        session = self._keys.find_by_token(token, now=self._now()) if token else None
        if session is None:
            return anonymous()
        require_own_origin(request, proof=True)
        self._note(session)
        return session.principal

    def find_known(self, sent: bytes, host: str, number: int) -> Principal | None:
        """The principal of an `Authorization` whose key was found right while the store was as it is now (`Watch.number`).

        None where that is not certain: then `principal_of` is to be asked. Nothing that is revoked or expired is found. Raises
        TooManyFailures.
        """
        known = self._known.get(_digest_of(sent))
        if known is None or known.number != number or known.signed.holds_until <= self._now():
            return None
        self._failures.check((_address(host), known.prefix), self._clock_s())
        return known.signed.principal

    def known_of(self, request: Request) -> Principal | None:
        """`find_known` of a request, without waiting for the store: None where `principal_of` is to be asked."""
        sent = request.headers.get("authorization")
        if sent is None or self._watch is None:
            return None
        try:
            number = self._watch.number()
        except sqlite3.Error:  # the ordinary way says what is wrong
            return None
        return self.find_known(sent.encode("latin-1"), request.client.host if request.client else "", number)

    def sign_in(self, request: Request, response: Response, key: str) -> Principal:
        """The principal of a key; the response sets the cookie of a new session. Raises as `principal_of`."""
        signed = self._by_key(request, key)
        token, until = self._keys.open_session(signed.key_id, now=self._now())
        seconds = int((until - self._now()).total_seconds())
        response.set_cookie(cookie_name(request), token, max_age=seconds, **_cookie_facts(request))
        return signed.principal

    def sign_out(self, request: Request, response: Response) -> None:
        """End the session of the request, where there is one, and take its cookie back."""
        token = request.cookies.get(cookie_name(request))
        if token:
            self._keys.close_session(token)
        response.delete_cookie(cookie_name(request), **_cookie_facts(request))

    def _by_key(self, request: Request, key: str) -> SignedIn:
        secret = parse_key(key)
        names = [_address(request.client.host if request.client else ""), *([_prefix(secret)] if secret is not None else [])]
        self._failures.check(names, self._clock_s())
        signed = self._keys.find_by_secret(secret, now=self._now()) if secret is not None else None
        if signed is None:
            self._failures.count(names, self._clock_s())
            log.warning("a wrong key: %s", ", ".join(names))
            raise Unauthenticated("the key is unknown, revoked or expired", code="KEY_INVALID", hint="twin key list; twin key add")
        self._note(signed)
        return signed

    def _remember(self, sent: str, known: _Known) -> None:
        with self._lock:
            self._known[_digest_of(sent.encode("latin-1"))] = known
            while len(self._known) > KEPT:
                self._known.popitem(last=False)

    def _note(self, signed: SignedIn) -> None:
        if not signed.use_is_due:
            return
        with self._lock:
            if signed.key_id in self._noted:
                return
            self._noted.add(signed.key_id)
            noting = self._notes.submit(self._write_use, signed.key_id)
            self._noting = [*(one for one in self._noting if not one.done()), noting]

    def _write_use(self, key_id: int) -> None:
        try:
            self._keys.note_use(key_id, now=self._now())
        except StoreUnavailable as error:
            log.info("the use of key %d is not noted: %s", key_id, error.code)
        finally:
            with self._lock:
                self._noted.discard(key_id)


def _digest_of(sent: bytes) -> bytes:
    """What a header is known by: no key lies in memory."""
    return hashlib.sha256(sent).digest()


@lru_cache(maxsize=1024)
def _address(host: str) -> str:
    return f"address {network_of(host)}"


def _prefix(secret: Secret) -> str:
    return f"prefix {secret.prefix}"


def _cookie_facts(request: Request) -> dict[str, Any]:
    return {"path": "/", "httponly": True, "samesite": "strict", "secure": request.url.scheme == "https"}


def cookie_name(request: Request) -> str:
    """`__Host-twin` where the request came over TLS (RFC 6265bis §4.1.3.2), else `twin`."""
    return "__Host-twin" if request.url.scheme == "https" else "twin"
