"""What comes one after the other, taken ahead by a thread: messages of a pipe, so that who sends the next is not held up, or parts
of a file or query, so that one is read while the one before is used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from queue import SimpleQueue
from typing import Any, Self, TypeVar

__all__ = ["Ahead", "taken_ahead"]

T = TypeVar("T")


class Ahead:
    """Calls `receive` in a thread, at most `most` messages ahead; what it raises is raised to who asks, and ends it."""

    def __init__(self, receive: Callable[[], Any], most: int) -> None:
        self._receive = receive
        self._room = threading.Semaphore(most)
        self._messages: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._take, name="ahead", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more; the message being waited for is lost."""
        self._closed = True
        self._room.release()

    def next(self) -> Any:
        """The next message, in the order they came. Raises what receiving it raised, again and again."""
        message, error = self._messages.get()
        if error is not None:
            self._messages.put((None, error))
            raise error
        self._room.release()
        return message

    def _take(self) -> None:
        while True:
            self._room.acquire()
            if self._closed:
                return
            try:
                message = self._receive()
            except BaseException as error:  # noqa: BLE001  whoever asks must know
                self._messages.put((None, error))
                return
            self._messages.put((message, None))


def taken_ahead(items: Iterator[T], most: int = 1) -> Generator[T, None, None]:
    """The items, none of which is None, in their order."""
    with Ahead(lambda: next(items, None), most) as ahead:
        while (item := ahead.next()) is not None:
            yield item
