"""What is taken ahead by a thread comes in its order, whole, and its end and errors come where they stand."""

import threading
from collections.abc import Iterator

import pytest

from twin.store.ahead import Ahead, taken_ahead


def test_items_come_in_their_order_and_no_further_ahead_than_told() -> None:
    taken: list[int] = []
    asked = threading.Semaphore(0)

    def numbers() -> Iterator[int]:
        for number in range(1, 50):
            taken.append(number)
            asked.release()
            yield number

    found = taken_ahead(numbers(), most=2)
    for number in range(1, 50):
        assert next(found) == number
        assert len(taken) <= number + 3
    assert list(found) == []
    assert taken == list(range(1, 50))


def test_an_error_comes_after_what_was_there_before_it_and_again_to_whoever_asks_again() -> None:
    def receive() -> str:
        if not messages:
            raise EOFError("closed")
        return messages.pop(0)

    messages = ["a", "b"]
    with Ahead(receive, 5) as ahead:
        assert [ahead.next(), ahead.next()] == ["a", "b"]
        for _ in range(2):
            with pytest.raises(EOFError, match="closed"):
                ahead.next()


def test_who_stops_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    found = taken_ahead(iter(range(1, 1_000)), most=1)
    assert next(found) == 1
    found.close()
    for thread in threading.enumerate():
        if thread.name == "ahead":
            thread.join(10)
    assert threading.active_count() <= before
