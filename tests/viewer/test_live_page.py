"""The living compound in the page, in a real browser against a stand-in service that speaks `/live`, under the real content policy."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.viewer.browser import GRAVE, WIDE, Visit, grave, visit, wait_until
from tests.viewer.mock_service import MockService, serving
from tests.viewer.tiny_live import CAMERAS, EAST_M, GUEST, LAT, LON, NORTH_M, OWN, SEGMENT, Car
from twin.codes import live_problem_words
from viewer import static_dir
from viewer.live import ALARM, DOUBTED, MOVING, SILENT

pytestmark = pytest.mark.browser
ABOVE = {"lon": LON, "lat": LAT, "height_m": 230.0, "heading_deg": 0, "pitch_deg": -90}
MAY = ["read_live", "read_track", "handle_incident", "command_vehicle"]
PLATES = ".plates:not(.counts)"
BOXES = f"() => [...document.querySelectorAll('{PLATES} > div:not([hidden])')].map((one) => one.getBoundingClientRect().toJSON())"
FOCUSED = """() => {
    let at = document.activeElement;
    while (at.shadowRoot) at = at.shadowRoot.activeElement;
    return at.tagName;
}"""
SEEING = [camera.replace("/", ":") for camera in CAMERAS]
MOMENT = "2026-11-26T08:00:00Z"


@pytest.fixture(scope="module")
def service() -> Iterator[MockService]:
    """A stand-in of its own, for one who may see what is live."""
    with serving(static_dir()) as running:
        running.registers.actions = [*running.registers.actions, *MAY]
        yield running


@pytest.fixture(scope="module")
def seen(chromium: Browser, service: MockService) -> Iterator[Visit]:
    with visit(chromium, f"{service.url}/#site=tiny&select=east:building", **WIDE) as visited:
        expect(visited.page.locator("twin-live-bar")).to_contain_text("实时")
        yield visited


@pytest.fixture(autouse=True)
def start_anew_and_look_back(seen: Visit, service: MockService) -> Iterator[None]:
    """Nothing moves, no incident runs, nothing lies open; a test may leave no error, no refusal by the content policy."""
    seen.page.evaluate("async () => { window.twin.panels(true); await window.twin.selectStorey(null); await window.twin.select(null); }")
    seen.page.evaluate("(pose) => window.twin.setView(pose)", ABOVE)
    service.live.incidents.clear()
    service.live.cars.clear()
    service.live.put()
    service.live.send_gap()
    wait_until(seen.page, "window.twin.movers().length === 0")
    expect(seen.page.locator("twin-live-bar .incidents")).to_have_text(re.compile(r"事件 0"))
    yield
    assert (seen.errors, seen.foreign) == ([], [])


def look_of(page: Page, handle: int) -> str:
    wait_until(page, f"window.twin.movers().some((one) => one.handle === {handle})")
    look: str = page.evaluate("(handle) => window.twin.movers().find((one) => one.handle === handle).look", handle)
    return look


def open_incident(page: Page, title: str) -> None:
    page.locator("twin-live-bar .incidents").click()
    page.locator("twin-incidents").get_by_role("button", name=title).click()
    expect(page.locator("twin-incident h2")).to_have_text(title)


def test_a_car_that_the_service_tells_of_is_drawn_and_moves_over_the_same_origin(seen: Visit, service: MockService) -> None:
    page = seen.page
    service.live.put(Car(7, "闽A12345", LON, LAT, heading_deg=90.0))
    assert look_of(page, 7) == "moving-pointed"
    first = page.evaluate("() => window.twin.movers()[0]")
    assert first["key"] == "闽A12345"
    service.live.tell(Car(7, "闽A12345", LON + 20 * EAST_M, LAT, heading_deg=90.0))
    wait_until(page, f"window.twin.movers()[0].x > {first['x'] + 20}")
    expect(page.locator(PLATES)).to_contain_text("闽A12345")
    assert service.live.said[0]["subscribe"]["site"] == "tiny"
    west, south, east, north = service.live.said[-1]["subscribe"]["bbox"]
    assert west < LON < east and south < LAT < north
    service.live.tell(gone=(7,))
    wait_until(page, "window.twin.movers().length === 0")


def test_each_state_has_its_own_sign_and_is_counted(seen: Visit, service: MockService) -> None:
    bits = {1: MOVING, 2: 0, 3: MOVING | SILENT, 4: MOVING | DOUBTED, 5: ALARM}
    service.live.put(*(Car(handle, f"闽A{handle:05}", LON + handle * 8 * EAST_M, LAT, bits=of) for handle, of in bits.items()))
    service.live.tell(Car(6, "巡逻", LON, LAT, kind="guard", bits=0))
    looks = [look_of(seen.page, handle) for handle in bits]
    assert looks == ["moving-pointed", "standing-pointed", "silent-pointed", "doubted-pointed", "alarm-pointed"]
    assert look_of(seen.page, 6) == "standing-round"
    counts = seen.page.locator("twin-live-bar ul")
    expect(counts).to_have_text(re.compile(r"行驶 2\s*静止 3\s*失联 1\s*报警 1"))


def test_plates_never_overlap(seen: Visit, service: MockService) -> None:
    spots = ((handle, LON + handle % 8 * 9 * EAST_M, LAT + handle // 8 * 6 * NORTH_M) for handle in range(1, 41))
    service.live.put(*(Car(handle, f"闽A{handle:05}", lon, lat, bits=0) for handle, lon, lat in spots))
    wait_until(seen.page, f"document.querySelectorAll('{PLATES} > div:not([hidden])').length > 5")
    boxes = seen.page.evaluate(BOXES)
    assert 5 < len(boxes) < 40
    for at, a in enumerate(boxes):
        for b in boxes[:at]:
            assert a["right"] <= b["left"] or b["right"] <= a["left"] or a["bottom"] <= b["top"] or b["bottom"] <= a["top"]


def test_no_plate_lies_on_a_gate_or_on_its_counts(seen: Visit, service: MockService) -> None:
    """A file of cars, 4 m apart, through the gate."""
    page = seen.page
    expect(page.locator(".counts")).to_contain_text("↓")
    service.live.put(
        *(Car(handle, f"闽A{handle:05}", LON - 10 * EAST_M, LAT + (4 * handle - 80) * NORTH_M, bits=0) for handle in range(1, 25))
    )
    wait_until(page, f"document.querySelectorAll('{PLATES} > div:not([hidden])').length > 3")
    apart = "({ top, bottom }) => bottom <= counts.top || top >= counts.bottom"
    wait_until(page, f"((counts) => ({BOXES})().every({apart}))(document.querySelector('.counts > div').getBoundingClientRect())")


def test_what_passes_below_an_open_storey_does_not_seem_to_stand_in_its_rooms(seen: Visit, service: MockService) -> None:
    """The east house covers 8 to 20 m east of the origin; its upper storey begins 3.6 m above the ground."""
    page = seen.page
    shown = "Object.fromEntries(window.twin.movers().map((one) => [one.key, one.shown]))"
    below, inside, beside, alarm = (LON + 14 * EAST_M, LAT), (LON + 12 * EAST_M, LAT), (LON + 30 * EAST_M, LAT), (LON + 16 * EAST_M, LAT)
    service.live.put(Car(1, "闽A00001", *below, bits=0), Car(2, "巡逻", *inside, height_m=34.0, bits=0, kind="guard"))
    service.live.put(Car(3, "闽A00003", *beside, bits=0), Car(4, "闽A00004", *alarm, bits=ALARM))
    wait_until(page, f"Object.values({shown}).filter((one) => one).length === 4")
    page.evaluate("async () => await window.twin.selectStorey('east:storey1')")
    page.evaluate("(pose) => window.twin.setView(pose)", ABOVE)
    wait_until(page, f"{shown}['闽A00001'] === false")
    assert page.evaluate(f"() => {shown}") == {"闽A00001": False, "巡逻": True, "闽A00003": True, "闽A00004": True}
    expect(page.locator(f"{PLATES} > div:not([hidden])", has_text="闽A00001")).to_have_count(0)
    page.evaluate("async () => await window.twin.selectStorey(null)")
    wait_until(page, f"{shown}['闽A00001'] === true")


def test_a_click_on_a_car_tells_of_it_and_its_track_is_drawn(seen: Visit, service: MockService) -> None:
    page = seen.page
    service.live.put(Car(9, "闽A99999", LON, LAT, heading_deg=45.0, speed_kmh=0.0, bits=0, accuracy_m=6.5, age_ms=4000))
    wait_until(page, "window.twin.movers().length === 1 && window.twin.movers()[0].x !== null")
    scene = page.locator("twin-console canvas").bounding_box()
    car = page.evaluate("() => window.twin.movers()[0]")
    assert scene is not None
    page.mouse.click(scene["x"] + car["x"], scene["y"] + car["y"])
    card = page.locator("twin-live-frame section")
    expect(card.get_by_role("heading", name="闽A99999")).to_be_visible()
    expect(card).to_contain_text(re.compile(r"状态\s*静止.*速度\s*0 km/h.*方向\s*45°.*精度\s*±6\.5 米.*最近定位", re.DOTALL))
    card.get_by_role("button", name="轨迹").click()
    expect(card.get_by_role("button", name="轨迹")).to_have_attribute("aria-pressed", "true")
    assert any("/live/tracks/vehicle/" in asked for asked in service.asked)
    card.get_by_role("button", name="关闭").click()
    expect(card).to_have_count(0)


def click(page: Page, spot: dict[str, float]) -> None:
    scene = page.locator("twin-console canvas").bounding_box()
    assert scene is not None
    page.mouse.click(scene["x"] + spot["x"], scene["y"] + spot["y"])


def test_a_click_on_a_gate_leads_to_who_is_inside_who_passed_and_who_is_announced(seen: Visit, service: MockService) -> None:
    page = seen.page
    wait_until(page, "window.twin.devices().some((one) => one.id === 'gate/GATE-01' && one.x !== null)")
    click(page, page.evaluate("() => window.twin.devices().find((one) => one.id === 'gate/GATE-01')"))
    page.locator("twin-live-frame section").get_by_role("button", name="在内与通行").click()
    panel = page.locator("twin-gate")
    expect(panel.locator("h2")).to_have_text("南门")
    expect(panel.locator(".inside li")).to_have_text(
        [re.compile(f"{OWN}.*未登记.*由南门进入", re.DOTALL), re.compile(f"陈客 {GUEST}.*来访", re.DOTALL)]
    )
    service.live.inside["vehicle"].pop(OWN)
    expect(panel.locator(".inside li")).to_have_count(1)
    panel.get_by_role("button", name=re.compile("人员 1")).click()
    expect(panel.locator(".inside li")).to_have_text(re.compile("P-1"))
    panel.get_by_role("tab", name="通行").click()
    expect(panel.locator(".passages li")).to_have_text(re.compile(f"进.*陈客 {GUEST}.*未放行", re.DOTALL))
    panel.get_by_role("tab", name="预约来访").click()
    expect(panel.locator(".visits li")).to_have_text(re.compile("陈客.*在内.*长期.*接待：机关事务局", re.DOTALL))
    assert grave(page) == []
    panel.get_by_role("button", name="关闭").click()


def test_a_vehicle_tells_its_trips_and_what_contradicts_them_and_does_what_it_is_told(seen: Visit, service: MockService) -> None:
    page = seen.page
    service.live.put(Car(9, OWN, LON, LAT, bits=0))
    wait_until(page, "window.twin.movers().length === 1 && window.twin.movers()[0].x !== null")
    click(page, page.evaluate("() => window.twin.movers()[0]"))
    page.locator("twin-live-frame section").get_by_role("button", name="行程与派车").click()
    panel = page.locator("twin-journey")
    expect(panel.locator(".legs li")).to_have_text(
        [re.compile("南门 → 疏散集合点.*4.20 公里.*20 分钟.*最高 41.*6 分钟 无数据", re.DOTALL), re.compile("停在东楼.*4 分钟")]
    )
    panel.get_by_role("button", name="画出轨迹").click()
    expect(panel.get_by_role("button", name="画出轨迹")).to_have_attribute("aria-pressed", "true")
    panel.get_by_role("tab", name="派车核对").click()
    expect(panel.locator(".findings li")).to_have_text(re.compile("TRIP_WITHOUT_ORDER.*4,200 米", re.DOTALL))
    panel.get_by_role("tab", name="指令").click()
    wait_until(page, "window.location.hash.includes('journey%2Fcommands')")
    panel.get_by_label("显示并播读的文字").fill("请到东门等候")
    panel.locator("form.text").get_by_role("button", name="下发").click()
    expect(panel.get_by_role("status")).to_have_text("终端已执行")
    service.live.result = 3
    panel.get_by_role("button", name="停止跟踪").click()
    expect(panel.locator(".commands li")).to_have_text(
        [re.compile("临时位置跟踪 停止.*终端不支持.*她", re.DOTALL), re.compile("文本下发 「请到东门等候」.*终端已执行.*0x8300", re.DOTALL)]
    )
    assert grave(page) == []
    assert [row["said"] for row in service.live.told] == [{"text": "请到东门等候"}, {"interval_s": 0, "for_s": 0}]
    panel.get_by_role("button", name="关闭").click()


def test_at_an_evacuation_the_list_counts_down_and_names_nobody_to_who_may_not_know_them(seen: Visit, service: MockService) -> None:
    page = seen.page
    service.live.happen(1, severity=5)
    open_incident(page, "周界入侵 1")
    page.locator("twin-incident").get_by_role("button", name="疏散清点").click()
    panel = page.locator("twin-muster")
    expect(panel.locator(".rows.missing li")).to_have_text(re.compile("P-1.*由南门进入", re.DOTALL))
    expect(panel).to_contain_text("集合点：疏散集合点")
    assert grave(page) == []
    service.live.names = False
    expect(panel).to_contain_text("无权查看人员姓名")
    service.live.names = True
    service.live.inside["person"].clear()
    expect(panel.locator(".sums .none")).to_contain_text("0")
    expect(panel).to_contain_text("没有未见的人")
    panel.get_by_role("button", name="关闭").click()


def test_a_broken_line_is_said_and_mends_itself_though_handles_are_others(seen: Visit, service: MockService) -> None:
    page = seen.page
    service.live.put(Car(3, "闽A33333", LON, LAT))
    look_of(page, 3)
    service.live.cars = {30: Car(30, "闽A33333", LON, LAT)}
    with service.live.lock:
        service.live.hang_up()
        expect(page.locator("twin-live-bar")).to_contain_text("连接中断，正在重连")
        expect(page.locator("twin-live-bar")).to_contain_text(re.compile(r"数据停在 \d\d:\d\d:\d\d（\d+ 秒前）"))
        wait_until(page, "window.twin.movers()[0].look === 'silent-pointed'")
    expect(page.locator("twin-live-bar .line.open")).to_be_visible()
    wait_until(page, "window.twin.movers().map((one) => `${one.handle} ${one.key}`).join() === '30 闽A33333'")
    seen.forgive()


def test_what_the_service_says_is_amiss_is_not_taken_for_live(seen: Visit, service: MockService) -> None:
    words = live_problem_words("hub_away")
    service.live.say({"type": "problem", "title": words["en"], "words": words, "detail": "what is shown is old; it comes back by itself"})
    expect(seen.page.locator("twin-live-bar .line.broken")).to_contain_text("实时中心暂无应答，所示为旧数据")
    service.live.put()
    expect(seen.page.locator("twin-live-bar .line.open")).to_be_visible()


def test_devices_stand_where_the_registers_say_and_look_as_they_said(seen: Visit, service: MockService) -> None:
    looks = "Object.fromEntries(window.twin.devices().map((one) => [one.id, one.look]))"
    wait_until(seen.page, f"'{CAMERAS[1]}' in {looks}")
    told = seen.page.evaluate(f"() => {looks}")
    assert told[SEGMENT] == "perimeter_segment-normal-normal"
    assert told["perimeter_segment/PER-02"] == "perimeter_segment-masked-masked"
    assert told["door/D-1"] == "door-normal-closed"
    signs = seen.page.evaluate("() => Object.fromEntries(window.twin.devices().map((one) => [one.id, one.sign]))")
    assert (signs[SEGMENT], signs["door/D-1"]) == (False, True), "a segment is a line, though its state came before the register"
    expect(seen.page.locator(".counts")).to_contain_text("↓12 ↑9")
    service.live.stand("gate/GATE-01", "open", entered=13, left=9)
    service.live.stand("door/D-1", "forced", {"lon": LON, "lat": LAT})
    expect(seen.page.locator(".counts")).to_contain_text("↓13 ↑9")
    wait_until(seen.page, f"{looks}['door/D-1'] === 'door-alarm-forced'")


def test_a_device_that_fell_silent_looks_so_and_its_card_says_since_when(seen: Visit, service: MockService) -> None:
    page, gate = seen.page, "window.twin.devices().find((one) => one.id === 'gate/GATE-01')"
    service.live.stand("gate/GATE-01", "open", entered=12, left=9, silent_since=MOMENT)
    try:
        wait_until(page, f"{gate}?.look === 'gate-fault-open' && {gate}.x !== null")
        click(page, page.evaluate(f"() => {gate}"))
        card = page.locator("twin-live-frame section")
        expect(card.locator("dt")).to_contain_text(["状态", "失联自"])
        expect(card.locator("dd").first).to_have_text("失联")
    finally:
        service.live.stand("gate/GATE-01", "open", entered=12, left=9)
    expect(card.locator("dt", has_text="失联自")).to_have_count(0)


def test_a_new_incident_is_announced_without_taking_the_focus_and_lights_up_its_segment(seen: Visit, service: MockService) -> None:
    page = seen.page
    page.get_by_role("combobox", name=re.compile("搜索")).focus()
    service.live.happen(1, severity=4)
    expect(page.locator("twin-live-frame .notice")).to_contain_text("周界入侵 1")
    expect(page.locator("twin-live-frame [aria-live]")).to_contain_text("周界入侵 1")
    assert (
        page.evaluate(
            "() => { let at = document.activeElement; while (at.shadowRoot) at = at.shadowRoot.activeElement; return at.tagName; }"
        )
        == "INPUT"
    )
    wait_until(page, f"window.twin.devices().some((one) => one.id === '{SEGMENT}' && one.look.includes('alarm'))")
    expect(page.locator("twin-live-bar .incidents")).to_have_text(re.compile(r"4\s*严重\s*事件 1"))
    expect(page.get_by_role("checkbox", name="提示音")).not_to_be_checked()
    page.locator("twin-live-frame .notice").get_by_role("button", name="查看").click()
    expect(page.locator("twin-incident h2")).to_have_text("周界入侵 1")
    expect(page.locator("twin-live-frame .notice")).to_have_count(0)


def test_the_list_shows_the_worst_first_and_says_so_in_words(seen: Visit, service: MockService) -> None:
    for number, severity in ((1, 2), (2, 5), (3, 5)):
        service.live.happen(number, severity, count=3, flapping=number == 1)
    seen.page.locator("twin-live-bar .incidents").click()
    rows = seen.page.locator("twin-incidents li")
    expect(rows).to_have_text(
        [
            re.compile("入侵 3.*紧急", re.DOTALL),
            re.compile("入侵 2.*紧急", re.DOTALL),
            re.compile("入侵 1.*一般.*北墙防区.*3 次报警.*反复报警", re.DOTALL),
        ]
    )
    service.live.incidents[2] |= {"state": "closed"}
    service.live.news(2, "closed")
    expect(rows).to_have_count(2)
    seen.page.locator("twin-incidents").get_by_role("button", name="已关闭").click()
    expect(rows).to_have_text([re.compile("入侵 2")])


def test_an_incident_is_flown_to_and_shows_the_cameras_that_the_service_names(seen: Visit, service: MockService) -> None:
    page = seen.page
    service.live.happen(1)
    open_incident(page, "周界入侵 1")
    wait_until(page, "window.location.hash.includes('incident=1&')")
    wait_until(page, f"Math.abs(window.twin.getView().lat - {LAT} - 30 / 111194) < 0.001 && window.twin.getView().height_m < 150")
    wait_until(page, f"window.twin.cones().join() === '{','.join(SEEING)}'")
    asked = [taken["seen_by"] for taken in service.live.taken if "seen_by" in taken]
    assert sorted(asked) == [["camera:CAM-001"], ["camera:CAM-002"]], "each was asked for once, however often it is looked at"
    panel = page.locator("twin-incident")
    for text in (
        "看得到的摄像机 2",
        "22 米 · 96 像素/米 · 观察",
        "王保安",
        "28 米 · 22 秒",
        "调看摄像机",
        "访客9",
        "南门",
        "M1 201 门",
        "无法得知：the registers are read",
    ):
        expect(panel).to_contain_text(text)
    panel.get_by_role("button", name="视域").first.click()
    wait_until(page, f"window.twin.cones().join() === '{SEEING[1]}'")
    expect(page.locator(".spot")).to_have_text("周界入侵 1")
    panel.get_by_role("button", name="关闭", exact=True).click()
    wait_until(page, "window.twin.cones().length === 0 && !window.location.hash.includes('incident=')")
    expect(page.locator(".spot")).to_be_hidden()


def test_it_is_acknowledged_and_closed_with_a_reason_only(seen: Visit, service: MockService) -> None:
    page = seen.page
    service.live.happen(1)
    open_incident(page, "周界入侵 1")
    service.live.taken.clear()
    panel = page.locator("twin-incident")
    panel.get_by_role("button", name="确认", exact=True).click()
    expect(panel.get_by_role("alert")).to_have_text("请写明说明")
    for step, name in (("acknowledge", "确认"), ("close", "关闭事件")):
        panel.get_by_label("说明").fill(f"已派人 {step}")
        panel.get_by_role("button", name=name, exact=True).click()
        expect(panel.locator(".log")).to_contain_text(f"已派人 {step}")
    steps = [taken for taken in service.live.taken if "step" in taken]
    assert steps == [
        {"incident": 1, "step": "acknowledge", "why": "已派人 acknowledge"},
        {"incident": 1, "step": "close", "why": "已派人 close", "reason": "real"},
    ]
    expect(panel.locator(".log li").last).to_contain_text("关闭 · 属实，已处置")
    expect(panel.get_by_role("button", name="关闭事件")).to_have_count(0)
    expect(page.locator("twin-live-bar .incidents")).to_have_text(re.compile("事件 0"))


def test_what_another_did_meanwhile_is_shown_and_the_reason_stays_to_be_sent_again(seen: Visit, service: MockService) -> None:
    service.live.happen(1)
    open_incident(seen.page, "周界入侵 1")
    panel = seen.page.locator("twin-incident")
    panel.get_by_label("说明").fill("我来处理")
    service.live.incidents[1] |= {"state": "acknowledged"}
    panel.get_by_role("button", name="确认", exact=True).click()
    expect(panel.get_by_role("alert")).to_contain_text("刚被他人处理过")
    expect(panel.locator(".chip.cool")).to_have_text("已确认")
    expect(panel.get_by_label("说明")).to_have_value("我来处理")
    assert [error for error in seen.errors if "412" not in error] == []
    seen.forgive()


def test_after_a_gap_and_after_a_break_the_lists_are_read_anew(seen: Visit, service: MockService) -> None:
    bar = seen.page.locator("twin-live-bar .incidents")
    service.live.happen(1, tell=False)
    service.live.send_gap()
    expect(bar).to_have_text(re.compile("事件 1"))
    service.live.happen(2)
    expect(bar).to_have_text(re.compile("事件 2"))
    last = service.live.event
    service.live.break_events()
    service.live.happen(3, tell=False)
    expect(bar).to_have_text(re.compile("事件 3"))
    assert service.live.heard[-1] == str(last)


def test_the_past_is_marked_as_such_and_shows_what_was(seen: Visit, service: MockService) -> None:
    page = seen.page
    service.live.put(Car(1, "此刻", LON, LAT))
    service.live.past = lambda at_s: [
        Car(0, "闽A00001", LON + (at_s % 3600) * 0.2 * EAST_M, LAT),
        Car(1, "闽A00002", LON, LAT, verdict=7),
    ]
    page.get_by_role("button", name="回放", exact=True).click()
    banner = page.locator("twin-live-frame .replay")
    expect(banner).to_contain_text(re.compile(r"回放 · \d{4}年"))
    wait_until(page, "window.twin.movers().map((one) => one.look).join() === 'moving-pointed,doubted-pointed'")
    wait_until(page, "/at=20\\d\\d-/.test(window.location.hash)")
    expect(page.locator("twin-live-bar .line")).to_have_count(0)
    before = page.evaluate("() => window.twin.moment()")
    page.get_by_role("button", name="60 倍速").click()
    page.get_by_role("button", name="播放").click()
    wait_until(page, f"window.twin.moment() > {before} + 20000")
    page.get_by_role("button", name="暂停").click()
    page.get_by_role("button", name="回到实时").click()
    expect(banner).to_have_count(0)
    wait_until(page, "window.twin.movers().map((one) => one.key).join() === '此刻' && !window.location.hash.includes('at=')")


def test_a_link_to_a_moment_shows_the_incidents_as_they_were_then(chromium: Browser, service: MockService) -> None:
    service.live.happen(1, since="2026-11-26T07:59:00Z", state="closed", tell=False)
    with visit(chromium, f"{service.url}/#site=tiny&at={MOMENT}&list=incidents", **WIDE) as visited:
        expect(visited.page.locator("twin-incidents li")).to_have_text([re.compile("入侵 1")])
        expect(visited.page.locator("twin-live-frame .replay")).to_contain_text("2026年11月26日")
        visited.page.get_by_role("button", name="上一个事件").click()
        wait_until(visited.page, "window.location.hash.includes('at=2026-11-26T07:59:00Z')")
        wait_until(visited.page, f"window.twin.devices().some((one) => one.id === '{SEGMENT}' && one.look.includes('alarm'))")
        visited.check()


def test_on_a_phone_the_place_of_an_incident_is_seen_above_what_is_said_of_it(seen: Visit, service: MockService) -> None:
    page = seen.page
    service.live.happen(1)
    page.set_viewport_size({"width": 390, "height": 844})
    try:
        open_incident(page, "周界入侵 1")
        expect(page.locator(".spot")).to_be_visible()
        panel = "document.querySelector('twin-console').shadowRoot.querySelector('.side').getBoundingClientRect()"
        mark = "document.querySelector('.spot').getBoundingClientRect()"
        wait_until(page, f"{mark}.top > 0 && {mark}.bottom < {panel}.top && {panel}.width > 380")
    finally:
        page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})


@pytest.mark.parametrize(("language", "width"), [("zh", 1180), ("en", 390)])
def test_no_grave_finding_of_accessibility(seen: Visit, service: MockService, language: str, width: int) -> None:
    page = seen.page
    service.live.happen(1, flapping=True)
    page.set_viewport_size({"width": width, "height": 700})
    found = []
    if language == "en":
        page.get_by_role("button", name="English").click()
    open_incident(page, {"zh": "周界入侵 1", "en": "Intrusion 1"}[language])
    expect(page.locator("twin-incident .rows li")).to_have_count(3)
    found += Axe().run(page).response["violations"]
    page.locator("twin-incident header button").first.click()
    page.get_by_role("button", name={"zh": "回放", "en": "Replay"}[language], exact=True).click()
    expect(page.locator("twin-replay input[type=range]")).to_be_visible()
    found += Axe().run(page).response["violations"]
    page.locator("twin-replay .back").click()
    if language == "en":
        page.get_by_role("button", name="中文").click()
    page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found if rule["impact"] in GRAVE] == []


def test_who_may_not_see_what_is_live_has_no_live_bar(chromium: Browser, service: MockService) -> None:
    service.live.allowed = False
    try:
        with visit(chromium, f"{service.url}/#site=tiny&select=east:building", **WIDE) as refused:
            expect(refused.page.locator("twin-panel h2")).to_be_visible()
            expect(refused.page.locator("twin-live-bar .bar")).to_have_count(0)
            assert [error for error in refused.errors if "/live/states" not in error] == []
            assert not any("WebSocket" in error for error in refused.errors)
    finally:
        service.live.allowed = True
