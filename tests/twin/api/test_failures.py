"""Wrong keys are counted in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.api.failures import Failures, network_of
from twin.errors import TooManyFailures


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 30)), max_size=40))
def test_the_count_is_that_of_a_window_counted_by_hand(steps: list[tuple[str, float]]) -> None:
    failures, now, windows = Failures(limit=3, window_s=60), 0.0, dict[str, list[float]]()
    for name, wait in steps:
        now += wait
        window = windows.get(name, [])
        if window and now - window[0] >= 60:
            window = []
        if len(window) >= 3:
            with pytest.raises(TooManyFailures):
                failures.check([name], now)
        else:
            failures.check([name], now)
        failures.count([name], now)
        windows[name] = [*window, now]


def test_who_comes_from_ever_new_addresses_fills_no_memory() -> None:
    failures = Failures(limit=2, kept=100)
    for number in range(10_000):
        failures.count([f"address {number}"], 0.0)
    assert len(failures) == 100


def test_one_client_s_ipv6_addresses_are_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8:0:0:ffff::2") != network_of("2001:db8:0:1::1")
    assert (network_of("10.0.0.1"), network_of("testclient")) == ("10.0.0.1", "testclient")
