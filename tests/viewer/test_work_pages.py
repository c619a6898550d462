"""What a person does with imports, links, moves and an asset's life, in a real browser against the service itself."""

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from playwright.sync_api import Browser, Locator, Page, expect

from tests.twin.imports.tie.test_revision import NUMBERS, TAGS, Tower, model
from tests.viewer.browser import Visit, grave, wait_until, watched
from twin.api import create_app
from twin.auth import Principal, Role
from twin.queries.assetops.stocktakes import Scan, close_stock_take, open_stock_take, scan_assets
from twin.queries.records.context import Registers, reader_of
from twin.store import Store

pytestmark = pytest.mark.browser
EVERY = frozenset({"*"})
ROLES = {"boss": Role.ADMINISTRATOR, "clerk": Role.UNIT_CLERK, "auditor": Role.AUDITOR}


@dataclass(frozen=True)
class Served:
    """A service where the header X-Who says who asks."""

    url: str
    tower: Tower


def principal(name: str) -> Principal:
    return Principal(name=name, role=ROLES[name], labels=EVERY, scopes=EVERY, units=EVERY)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The tower with a room drawn anew, a desk found elsewhere, an idle one, and a row put aside."""
    folder = tmp_path_factory.mktemp("work")
    with Store.open(f"sqlite:///{folder / 'records.sqlite'}") as store:
        store.migrate()
        tower = Tower(store, folder)
        cards = ["I1,旧椅,闲置,主楼,901,U1", "I1,重复,在用,主楼,901,U1"]
        tower.take("unit", "单位编码,单位名称", ["U1,屏山局"])
        tower.take("asset", "资产编号,资产名称,使用状况,楼栋,存放地点,使用单位", cards)
        tower.revise(model(NUMBERS, TAGS, {"r9-9": "anew"}))
        registers = Registers.of(store, folder / "columns", tower.settings)
        count(registers, tower)
        app = create_app(tower.settings, store, principal_of=lambda request: principal(request.headers.get("x-who", "boss")))
        app.state.registers = registers
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.05)
        yield Served(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", tower)
        server.should_exit = True
        thread.join(20)


def count(registers: Registers, tower: Tower) -> None:
    """The idle chair is seen in another room than its card says, and nobody accepts that."""
    places = dict(tower.ask("select number, id from place where kind = 'room'"))
    reader = reader_of(principal("boss"))
    take = open_stock_take(registers, reader, [places["901"]], "抽盘")["id"]
    scan = Scan(code="I1", at=registers.now(), place=places["1010"], said={}, who="她")
    scan_assets(registers, reader, take, [scan])
    close_stock_take(registers, reader, take, {})


class People:
    """Each person's page, opened once; it may leave no error, nothing inaccessible and no foreign request."""

    def __init__(self, chromium: Browser, url: str, kept: ExitStack) -> None:
        self._chromium, self._url, self._kept = chromium, url, kept
        self._seen: dict[str, Visit] = {}

    @contextmanager
    def as_person(self, who: str, place: str) -> Iterator[Page]:
        """What somebody sees at an address of the page."""
        seen = self._seen.get(who)
        if seen is None:
            seen = self._seen[who] = self._kept.enter_context(watched(self._chromium, self._url, width=1180, height=760))
            seen.page.set_extra_http_headers({"X-Who": who})
            seen.page.goto(f"{self._url}/#site=PS&{place}")
            wait_until(seen.page, "window.twin !== undefined && window.twin.phase() !== 'loading'")
        else:
            seen.page.evaluate("(place) => { location.hash = `#site=PS&${place}`; }", place)
        yield seen.page
        look_back(seen)


@pytest.fixture(scope="module")
def people(chromium: Browser, served: Served) -> Iterator[People]:
    with ExitStack() as kept:
        yield People(chromium, served.url, kept)


LIVE = ("/live", "/events", "/incidents")
"""No hub runs beside these pages: what is live is answered by 503, which a browser writes on its console."""


def look_back(seen: Visit) -> None:
    assert grave(seen.page) == []
    seen.errors[:] = [one for one in seen.errors if not ("503" in one and any(path in one for path in LIVE))]
    seen.check()


def lost(page: Page) -> Locator:
    """The item of the room that the new revision drew anew."""
    return page.locator("twin-work-item").filter(has_text="新版模型中没有对应对象")


def test_a_clerk_sees_both_sides_and_no_way_to_decide(people: People, served: Served) -> None:
    with people.as_person("auditor", "list=worklist/lost") as page:
        item = lost(page)
        expect(item).to_contain_text("R909")
        expect(item).to_contain_text("新版模型中已没有")
        expect(item).to_contain_text("可信度")
        expect(item.locator("details")).to_have_count(0)
    with people.as_person("clerk", "list=worklist/lost") as page:
        item = lost(page)
        expect(item.get_by_text("认定对应关系")).to_be_visible()
        expect(item.get_by_text("情况属实")).to_have_count(0)
        item.get_by_text("认定对应关系").click()
        expect(item.get_by_role("button", name="认定并写入")).to_have_count(0)
        item.get_by_role("radio").first.check()
        item.get_by_label("依据").fill("门牌相同")
        item.get_by_role("button", name="提出认定").click()
        expect(item).to_contain_text("clerk 提出")
        expect(item.get_by_role("button", name="同意", exact=True)).to_have_count(0)
        expect(item).to_contain_text("同意 — 机关事务管理部门")
    assert "R909" not in served.tower.links("room")


def test_who_may_accepts_the_link_and_the_room_is_tied(people: People, served: Served) -> None:
    with people.as_person("boss", "list=worklist/lost") as page:
        item = lost(page)
        expect(item).to_contain_text("clerk 提出")
        item.get_by_role("button", name="同意", exact=True).click()
        expect(lost(page)).to_have_count(0)
        expect(page.locator("twin-worklist")).to_contain_text("没有")
        assert served.tower.links("room")["R909"] == "tower:anew"
        page.evaluate("() => { location.hash = '#site=PS&record=room/R909'; }")
        expect(page.locator("twin-dossier")).to_contain_text("人工认定 · 可信度 100%")


def test_an_import_says_which_row_was_put_aside_and_what_is_wrong_with_the_others(people: People) -> None:
    with people.as_person("auditor", "list=imports/asset") as page:
        page.set_viewport_size({"width": 390, "height": 844})
        page.locator("twin-imports li").first.get_by_role("button").click()
        shown = page.locator("twin-import")
        shown.get_by_role("button", name="未采纳 1").click()
        wait_until(page, "location.hash.includes('quarantined')")
        expect(shown.locator(".rows > li")).to_have_count(1)
        expect(shown).to_contain_text("第 3 行")
        shown.get_by_text("台账中的原样").click()
        expect(shown.locator(".cells")).to_contain_text("重复")
        page.get_by_role("button", name="English").click()
        expect(shown).to_contain_text("row 3")
        assert not re.search("[行列采纳共]", shown.locator("header ~ .body .sums").inner_text())
        page.get_by_role("button", name="中文").click()


def test_what_was_found_elsewhere_is_asked_to_move_and_its_steps_say_whose_they_are(people: People) -> None:
    with people.as_person("clerk", "list=moves") as page:
        moves = page.locator("twin-moves")
        expect(moves.locator(".places")).to_contain_text("1010")
        moves.get_by_text("申请移位到所见之处").click()
        moves.get_by_role("button", name="提交申请").click()
        expect(moves).to_contain_text("搬迁 第")
        moves.get_by_role("tab", name="搬迁申请").click()
        moves.get_by_text("步骤与办理").click()
        expect(moves).to_contain_text("单位同意 — 归口单位 U1")
        expect(moves.get_by_role("button", name="单位同意")).to_have_count(0)
        expect(moves.get_by_role("button", name="撤回")).to_be_visible()


def test_an_asset_takes_the_steps_its_life_allows_and_the_others_say_why_not(people: People) -> None:
    with people.as_person("boss", "record=asset/I1") as page:
        page.get_by_role("tab", name="状态办理").click()
        life = page.locator("twin-life")
        expect(life.locator(".now")).to_contain_text("闲置")
        disposed = life.locator(".rows > li").filter(has_text=re.compile("^已处置"))
        expect(disposed).to_contain_text("须先成为：处置已批")
        life.get_by_role("button", name="再领用").click()
        life.get_by_label("使用人").fill("陈榕")
        life.get_by_role("button", name="办理", exact=True).click()
        expect(life.locator(".now")).to_contain_text("在用")
    with people.as_person("auditor", "record=asset/I1") as page:
        page.get_by_role("tab", name="状态办理").click()
        life = page.locator("twin-life")
        expect(life).to_contain_text("您的角色不能办理")
        expect(life.locator(".steps button")).to_have_count(0)
