"""Snapshots of an office whose upper storey is restricted: what stands in the files, who may know of it, and that they are made anew."""

import asyncio
import re
import stat
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.twin.files import Files
from tests.twin.queries.snapshot.guarded import CAR, SITE, Guarded, guarded_home
from twin.hub.meeting import Meeting
from twin.hub.server import serve_hub
from twin.queries.live.service import OpenHub
from twin.queries.live.snapshots import Maker, whole_state
from twin.queries.snapshot.phrases import age_words, clock, phrase, sentences
from twin.store import Store

VOID = {"meta", "link", "br"}


@pytest.fixture(scope="module")
def guarded(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    return guarded_home(tmp_path_factory.mktemp("guarded"), files)


@pytest.fixture(scope="module")
def opened(guarded: Guarded) -> Iterator[OpenHub]:
    opened = OpenHub.open(guarded.settings)
    for number, batch in enumerate(guarded.batches(), 1):
        opened.applier.apply([batch], now_us=guarded.said_us, first=number - 1, position=number)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def maker(guarded: Guarded) -> Iterator[Maker]:
    with Store.open(guarded.settings.database_url) as store:
        yield Maker.of(guarded.settings, store)


@pytest.fixture(scope="module")
def pages(guarded: Guarded, opened: OpenHub, maker: Maker) -> dict[str, str]:
    written = maker.write(opened.applier.state, now_us=guarded.said_us + 5_000_000)
    return {path.name: path.read_text(encoding="utf-8") for path in written}


class Whole(HTMLParser):
    """Fails where elements are not closed in their order, and keeps the addresses that the page names."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.asks: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.asks += [str(value) for name, value in attrs if name in ("src", "href", "xlink:href", "action", "data", "style")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_all_stands_in_the_file_of_this_user_and_nothing_hidden_in_that_of_the_public(pages: dict[str, str], guarded: Guarded) -> None:
    everything, public = pages[f"{SITE.code}.html"], pages[f"{SITE.code}.public.html"]
    for name in ("1F", "2F"):
        assert f"C-{name}" in everything
        assert f'data-storey="{guarded.storeys[name]}"' in everything
        assert f'class="alarmed" data-id="{guarded.rooms[name]}"' in everything
    assert CAR in everything
    assert "C-1F" in public
    assert f'class="alarmed" data-id="{guarded.rooms["1F"]}"' in public
    assert [word for word in ("C-2F", "2F机", guarded.rooms["2F"], CAR) if word in public] == []
    modes = [stat.S_IMODE((guarded.settings.home / "history/snapshot" / name).stat().st_mode) & 0o077 for name in sorted(pages)]
    assert modes[0] == 0


def test_a_file_is_whole_and_names_no_address_but_its_own_places(pages: dict[str, str]) -> None:
    for html in pages.values():
        page = Whole()
        page.feed(html)
        assert page.open == []
        own = set(re.findall(r' id="([^"]+)"', html))
        assert all(ask == "data:," or (ask.startswith("#") and ask[1:] in own) for ask in page.asks)
        assert re.findall(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", html) == []


def test_a_minute_later_the_file_is_another_and_nothing_half_written_is_left(
    pages: dict[str, str], guarded: Guarded, opened: OpenHub, maker: Maker
) -> None:
    (first, *_) = maker.write(opened.applier.state, now_us=guarded.said_us + 65_000_000)
    assert first.read_text(encoding="utf-8") != pages[first.name]
    assert {path.name for path in first.parent.iterdir()} - {".lock"} == set(pages)


def test_the_state_is_asked_of_a_hub_once_and_no_follower_stays(opened: OpenHub) -> None:
    async def asked() -> tuple[int, int]:
        meeting, stopping = Meeting(opened.folder.parent), asyncio.Event()
        socket = meeting.open()
        server = await serve_hub(opened.hub, socket)
        meeting.announce(socket)
        state = await whole_state(meeting, stopping)
        assert state is not None
        await asyncio.sleep(0.05)
        server.close()
        socket.unlink()
        socket.parent.rmdir()
        return len(state), len(opened.hub.followers)

    assert asyncio.run(asked()) == (len(opened.applier.state), 0)


def test_without_a_hub_nobody_waits_longer_than_they_are_told_to(tmp_path: Path) -> None:
    async def asked() -> object:
        stopping = asyncio.Event()
        asyncio.get_running_loop().call_later(0.1, stopping.set)
        return await whole_state(Meeting(tmp_path), stopping)

    assert asyncio.run(asyncio.wait_for(asked(), timeout=10)) is None


def test_every_sentence_stands_in_both_languages_with_the_same_facts() -> None:
    for name, words in sentences().items():
        assert set(re.findall(r"\{\w+\}", words.zh)) == set(re.findall(r"\{\w+\}", words.en)), name
        assert words.zh and words.en
    assert (age_words(0.9).en, age_words(119).en, age_words(120).en, age_words(7200).en) == ("0 s", "119 s", "2 min", "2 h")
    assert clock("2026-11-26T18:03:04.500Z") == "2026-11-27 02:03:04"
    assert phrase("old", age=age_words(200)).en == "3 min old: the service may be down; this is how things were then"
