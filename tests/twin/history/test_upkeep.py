"""The writer's housekeeping: all of it at once, and nothing that is still needed."""

from pathlib import Path

from tests.twin.history.moving import NOON_US
from tests.twin.history.writer import Writer, batch_at
from twin.history.journal import list_segments
from twin.history.layout import DAY_US, HOUR_US
from twin.history.retention import Retention, RetentionRow
from twin.history.upkeep import Kept, upkeep

ROW = RetentionRow(keep_raw_h=72, keep_days=0, silence_s=1)
RETENTION = Retention(rows={"other": ROW, "guard": RetentionRow(keep_raw_h=1, keep_days=2, silence_s=1)})


def test_days_are_closed_frames_sealed_and_what_is_over_left_out_when_it_is_due(tmp_path: Path) -> None:
    writer = Writer(tmp_path)

    def keep(now_us: int, through: int = 10**9) -> Kept:
        return upkeep(tmp_path, writer.journal, writer.positions, writer.readings, RETENTION, through=through, now_us=now_us)

    for position in range(40):
        content = batch_at(position)[0].pack()
        writer.journal.append([content])
        writer.apply(position, content)
        if position in (10, 25):
            writer.positions.flush()
            writer.readings.flush()
    first = list_segments(tmp_path / "journal")[0]
    assert first.end is not None and first.end <= 26
    begin = NOON_US - 12 * HOUR_US
    assert keep(begin, through=first.end - 1) == Kept(merged=0, closed=0, sealed=0, swept_days=0, swept_frames=0)
    done = keep(begin)
    assert (done.sealed > 0, done.closed) == (True, 0)
    assert list_segments(tmp_path / "journal")[0].first <= 26
    writer.positions.flush()
    writer.readings.flush()
    assert keep(begin + HOUR_US - 1).closed == 0
    assert keep(begin + HOUR_US).closed == 1
    later = keep(NOON_US + 3 * DAY_US + HOUR_US)
    assert (later.closed, later.swept_days) == (3, 3)
    assert later.swept_frames > 0
    assert {path.stat().st_mode & 0o077 for path in tmp_path.rglob("*.*") if path.is_file()} == {0}
    writer.positions.shelf.close()
    writer.readings.shelf.close()
    writer.journal.close()
