"""The simulator's orders as files, each of which is taken in like any other dispatcher's ledger."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sensors.simulate_errands import Errand
from sensors.simulate_model import model
from twin.history.durable import one_writer, replace_text
from twin.history.errors import HistoryTaken
from twin.imports.register import import_register
from twin.queries.fleet.orders import BEIJING
from twin.queries.live.simulated import Simulated
from twin.queries.live.simulated_fleet import read_sent
from twin.queries.live.simulated_orders import HEADER, ErrandsAhead, Row, Sent, cancelled, order_row
from twin.settings import Settings
from twin.store import Store

__all__ = ["OrderBooks", "books_of"]

SIMULATOR = "simulator"
PLANNED = HEADER.index("计划出车时间")
US = 1_000_000
Take = Callable[[Path], object]


@dataclass(slots=True, kw_only=True, eq=False)
class OrderBooks:
    """Writes the orders of a run: a file of `folder` for each `book_s` of it, whole each time, which is given to `take` whenever it says
    something else. Where files are taken, none is left once all of it was told. The same start writes the same bytes."""

    errands: ErrandsAhead
    sent: Sequence[Sent]
    origin: str
    folder: Path
    take: Take | None = None
    _known: list[tuple[int, Errand]] = field(default_factory=list)
    _written: dict[Path, str] = field(default_factory=dict)
    _held: ExitStack | None = None

    def plan(self, now_s: float) -> bool:
        """Plan one errand of the coming hour; whether there was one. Takes some 50 ms."""
        errand = self.errands.plan(now_s + model("order")["ahead_s"])
        self._known += [] if errand is None else [errand]
        return errand is not None

    def __call__(self, start_us: int, now_s: float, *, ends: bool = False) -> None:
        """Write what is ordered `now_s` seconds after the start for the coming hour; where the run `ends`, nobody leaves any more.

        Another run that keeps the books of this folder goes on doing so: then nothing is written. Raises what `take` raises: what was
        not taken then is with the next call.
        """
        if (ends and not self._written) or not self._is_ours():
            return
        own = f"{SIMULATOR}-{_local(start_us):%Y%m%dT%H%M%S}-"
        if self.take is not None:
            self._call_off(own, start_us + round(now_s * US))
        while not ends and self.plan(now_s):
            pass
        book_s = float(model("order")["book_s"])
        self._known = [one for one in self._known if one[1].begin_s >= (now_s // book_s - 1) * book_s]
        books: dict[int, list[Row]] = {}
        for vehicle, errand in sorted(self._known, key=lambda one: (one[1].begin_s, one[0])):
            row = order_row(vehicle, errand, self.sent[vehicle], self.origin, start_us=start_us, now_s=now_s)
            if row is not None:
                books.setdefault(int(errand.begin_s // book_s), []).append(cancelled(row) if ends else row)
        for book, rows in books.items():
            self._write(self.folder / f"{own}{book}.csv", rows)
        if ends and self.take is not None:
            for path in self._written:
                path.unlink()
        if ends and self._held is not None:
            self._held.close()

    def _is_ours(self) -> bool:
        """Whether no other run keeps the books."""
        if self._held is None:
            held = ExitStack()
            try:
                held.enter_context(one_writer(self.folder))
            except HistoryTaken:
                return False
            self._held = held
        return True

    def _call_off(self, own: str, now_us: int) -> None:
        """What runs that were killed had ordered for later, by the books that they left."""
        now = f"{_local(now_us):%Y-%m-%d %H:%M}"
        for path in sorted(self.folder.glob(f"{SIMULATOR}-*.csv")):
            if not path.name.startswith(own):
                with path.open(encoding="utf-8", newline="") as file:
                    _, *rows = (tuple(row) for row in csv.reader(file))
                self._write(path, [cancelled(row) if row[PLANNED] > now else row for row in rows])
                del self._written[path]
                path.unlink()

    def _write(self, path: Path, rows: Sequence[Row]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows([HEADER, *rows])
        content = text.getvalue()
        if self._written.get(path) != content:
            replace_text(path, content)
            if self.take is not None:
                self.take(path)
            self._written[path] = content


def books_of(
    simulated: Simulated, store: Store, settings: Settings, *, seed: int, vehicles: int | None, to: Path | None = None
) -> OrderBooks:
    """The books of a run: imported into the registers of the home, each as a ledger of its own; with `to` written into that folder
    alone."""
    driven = len(simulated.driven(vehicles))
    sent = read_sent(store, simulated, vehicles, now_us=time.time_ns() // 1000)

    def take(path: Path) -> None:
        import_register(store, settings, "dispatch", path, who=SIMULATOR, now=datetime.now(UTC), source=path.stem, profile="zh")

    return OrderBooks(
        errands=ErrandsAhead(simulated.compound, seed, driven, unheard=len(sent) - driven),
        sent=sent,
        origin=simulated.frame.site.name,
        folder=to or settings.home / SIMULATOR,
        take=None if to else take,
    )


def _local(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / US, BEIJING)
