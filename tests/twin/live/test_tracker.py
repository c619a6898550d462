"""The columns of all devices: order, growth, what is kept."""

import numpy as np

from sensors.observation import FIX, NO_NUMBER, Fixes
from sensors.verdict import Verdict
from twin.live.tracker import Tracker

START_US = 1_790_000_000_000_000
FUZHOU = (1_192_946_000, 260_896_000)


def fixes_of(*rows: tuple[int, float, float, float]) -> Fixes:
    """Fixes of (device, seconds since the start, metres east, metres north)."""
    fixes = np.zeros(len(rows), dtype=FIX)
    for name in ("altitude_dm", "speed_dkmh", "heading_cdeg", "accuracy_dm"):
        fixes[name] = NO_NUMBER
    fixes["status"] = 1
    for fix, (device, seconds, east, north) in zip(fixes, rows, strict=True):
        fix["device"] = device
        fix["device_us"] = fix["fix_us"] = fix["received_us"] = START_US + int(seconds * 1e6)
        fix["lon_e7"], fix["lat_e7"] = FUZHOU[0] + round(east * 100), FUZHOU[1] + round(north * 90)
    return fixes


def test_every_fix_has_a_row_in_the_order_it_came() -> None:
    fixes = fixes_of((5, 0, 0, 0), (1, 0, 100, 0), (5, 1, 5, 0), (5, 2, 90_000, 0), (1, 1, 105, 0))
    judged = Tracker().apply(fixes, START_US + 5_000_000)
    assert judged["verdict"].tolist() == [Verdict.GOOD, Verdict.GOOD, Verdict.GOOD, Verdict.JUMP, Verdict.GOOD]
    assert abs(int(judged["lon_e7"][3]) - int(fixes["lon_e7"][2])) < 2_000


def test_what_is_kept_goes_on_as_if_nothing_had_happened() -> None:
    first, second = fixes_of((0, 0, 0, 0), (2, 0, 50, 0)), fixes_of((0, 1, 3, 0), (2, 1, 70_000, 0), (9, 1, 0, 0))
    whole, before = Tracker(), Tracker()
    whole.apply(first, START_US + 1_000_000)
    before.apply(first, START_US + 1_000_000)
    after = Tracker.restore(before.state())
    assert after.apply(second, START_US + 2_000_000).tobytes() == whole.apply(second, START_US + 2_000_000).tobytes()
