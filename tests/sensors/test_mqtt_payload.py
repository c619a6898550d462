"""What messages say, and that nothing of them is lost."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors import FIX, NO_NUMBER, NO_TIME, Batch, Observation, Stream
from sensors.mqtt_data import members_of
from sensors.mqtt_gather import gather
from sensors.mqtt_payload import BATCH_TYPE, Said, read_message

NOW = 1_795_737_600_000_000
BAD = json.loads(files("tests.sensors").joinpath("mqtt_refused.json").read_text("utf-8"))


def payload(data: object, **more: Any) -> bytes:
    return json.dumps({"specversion": "1.0", "id": "1", "source": "/a", "type": "t", "data": data} | more).encode()


def said(stream: str, data: object, **more: Any) -> Said:
    (one,) = read_message(f"pingshan/v1/gate/G-1/{stream}", payload(data, **more), received_us=NOW)
    return one


def test_a_position_is_columns_with_nothing_where_nothing_was_said() -> None:
    whole = {"lon": -119.3, "lat": 26.1, "altitude_m": -3.26, "speed_kmh": 60, "heading_deg": 359.99, "accuracy_m": 2.5, "ignition": True}
    one = said("position", whole | {"time": "1999-01-01T00:00:00Z", "backlog": True}, time="2035-01-01T00:00:00Z")
    row = np.array([one.one], dtype=FIX)[0]
    assert row.tolist()[1:4] == (2_051_222_400_000_000, 915_148_800_000_000, NOW)
    assert row.tolist()[4:] == (-1_193_000_000, 261_000_000, -33, 600, 35_999, 25, 0b111, 0)
    assert said("position", {"fixed": False}).one == (0, NO_TIME, NO_TIME, NOW, *[NO_NUMBER] * 6, 0, 0)


def test_an_alarm_is_an_observation_with_its_code_place_and_event() -> None:
    one = said("alarm", {"code": "入侵", "lon": 119.3, "lat": 26.1, "zone": 4}, time="1970-01-01T00:00:01Z").one
    assert isinstance(one, Observation)
    assert (one.device, one.stream, one.alarms, one.lon_lat, one.device_us) == ("gate/G-1", Stream.ALARM, ("入侵",), (119.3, 26.1), 10**6)
    assert one.value == {"code": "入侵", "lon": 119.3, "lat": 26.1, "zone": 4, "event": ["/a", "1"]}


def test_an_alarm_that_is_over_raises_none_and_its_time_is_the_device_s_where_no_other_is() -> None:
    one = said("alarm", {"code": "fire", "active": False, "time": "1970-01-01T00:00:02Z"}).one
    assert isinstance(one, Observation)
    assert (one.alarms, one.value["active"], one.device_us) == ((), False, 2_000_000)


@pytest.mark.parametrize(("stream", "data", "path"), BAD)
def test_what_a_stream_does_not_take_is_kept_with_the_reason(stream: str, data: object, path: str) -> None:
    one = said(stream, data)
    assert isinstance(one.one, Observation)
    assert one.one.stream == Stream.UNKNOWN
    assert one.problem is not None
    assert (one.problem.code, one.problem.path, one.one.raw) == ("PAYLOAD_INVALID", path, payload(data))
    assert one.problem.begins == payload(data)[:200]
    assert one.one.value["reason"] == one.problem.reason


def test_every_rule_of_every_stream_refuses_something() -> None:
    ruled = {(stream, f"data.{name}") for stream in Stream for name in members_of(stream)} - {("position", "data.fixed")}
    assert ruled - {(stream, path) for stream, _, path in BAD} == set()


def test_a_member_of_no_column_is_told_and_the_position_taken() -> None:
    one = said("position", {"lon": 1, "lat": 2, "speed": 7})
    assert one.problem is not None
    assert (one.problem.code, isinstance(one.one, tuple)) == ("MEMBER_UNKNOWN", True)
    assert "speed" in one.problem.reason


@pytest.mark.parametrize(
    ("topic", "device", "code"),
    [
        ("pingshan/v1/gate/G-1/colour", "gate/G-1", "TOPIC_INVALID"),
        ("pingshan/v1/gate/G-1/unknown", "gate/G-1", "TOPIC_INVALID"),
        ("pingshan/v1/gate/%zz/state", "unknown/pingshan/v1/gate/%zz/state", "TOPIC_INVALID"),
        ("elsewhere", "unknown/elsewhere", "TOPIC_INVALID"),
    ],
)
def test_a_topic_of_no_stream_is_kept_too(topic: str, device: str, code: str) -> None:
    (one,) = read_message(topic, b"\x00\xff", received_us=NOW)
    assert isinstance(one.one, Observation)
    assert (one.device, one.one.raw, one.problem and one.problem.code) == (device, b"\x00\xff", code)


def test_a_type_of_ours_agrees_with_the_topic() -> None:
    assert said("state", {"state": "open"}, type="pingshan.v1.state").problem is None
    assert said("state", {"state": "open"}, type="com.vendor.alarm").problem is None
    assert said("state", {"state": "open"}, type="pingshan.v1.alarm").problem is not None


def packed(device: str = "gate/G-1", **more: Any) -> Batch:
    fixes = np.zeros(2, dtype=FIX)
    fixes["received_us"] = [1, 2]
    other = Observation(device=device, stream=Stream.STATE, received_us=3, value={"state": "open"})
    return Batch(**({"source": "s", "number": 4, "devices": (device,), "fixes": fixes, "others": (other,)} | more))


def test_a_device_packs_what_it_says_itself_and_the_gateway_says_when_it_came() -> None:
    (one,) = read_message("pingshan/v1/gate/G-1/position", packed().pack(), received_us=NOW, content_type=BATCH_TYPE)
    assert isinstance(one.one, Batch)
    assert one.one.fixes["received_us"].tolist() == [NOW, NOW]
    assert (one.one.others[0].received_us, one.key, one.problem) == (NOW, ("gate/G-1 s", "4"), None)


@pytest.mark.parametrize(
    "batch",
    [
        packed("gate/G-2"),
        packed(devices=("gate/G-1", "gate/G-2")),
        packed(fixes=np.array([(0, 0, 0, 0, 1_800_000_001, 0, 0, 0, 0, 0, 0, 0)], dtype=FIX)),
        packed(others=(Observation(device="gate/G-1", stream=Stream.STATE, received_us=1, value={}, lon_lat=(181.0, 0.0)),)),
        packed(others=(Observation(device="gate/G-1", stream=Stream.STATE, received_us=1, value={}, device_us=2**70),)),
        packed(others=(Observation(device="gate/G-1", stream=Stream.STATE, received_us=1, value={"x": float("nan")}),)),
        packed(others=(Observation(device="gate/G-1", stream=Stream.ALARM, received_us=1, value={}, alarms=("a",) * 65),)),
        packed(others=(Observation(device="gate/G-1", stream=Stream.ALARM, received_us=1, value={}, alarms=("a" * 65,)),)),
    ],
)
def test_a_packed_batch_of_another_device_or_of_impossible_numbers_is_kept_as_unknown(batch: Batch) -> None:
    (one,) = read_message("pingshan/v1/gate/G-1/position", batch.pack(), received_us=NOW)
    assert one.problem is not None
    assert one.problem.code == "BATCH_INVALID"
    assert isinstance(one.one, Observation)
    assert one.one.raw == batch.pack()


def test_many_things_said_are_one_batch_in_their_order() -> None:
    told = [
        *read_message("pingshan/v1/vehicle/a/position", payload({"lon": 1, "lat": 2}), received_us=1),
        *read_message("pingshan/v1/gate/G-1/position", packed().pack(), received_us=2),
        *read_message("pingshan/v1/vehicle/a/heartbeat", payload({}), received_us=3),
        *read_message("pingshan/v1/vehicle/b/position", payload({"lon": 3, "lat": 4}), received_us=4),
        *read_message("pingshan/v1/vehicle/a/position", payload({"lon": 5, "lat": 6}), received_us=5),
    ]
    batch = gather("s", 1, told)
    again = Batch.unpack(batch.pack())
    assert [again.devices[row] for row in again.fixes["device"]] == ["vehicle/a", "gate/G-1", "gate/G-1", "vehicle/b", "vehicle/a"]
    assert again.fixes["received_us"].tolist() == [1, 2, 2, 4, 5]
    assert [again.raw[row] for row in (0, 3, 4)] == [
        payload({"lon": 1, "lat": 2}),
        payload({"lon": 3, "lat": 4}),
        payload({"lon": 5, "lat": 6}),
    ]
    assert [one.stream for one in again.others] == ["state", "heartbeat"]
    assert len(gather("s", 1, [])) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
)
NAMES = st.sampled_from(["lon", "lat", "time", "code", "state", "value", "unit", "direction", "subject", "count", "fixed", "x"])


@given(st.sampled_from([*Stream, "odd"]), st.dictionaries(NAMES, JSON), st.text(max_size=5))
def test_whatever_json_says_it_is_taken_or_kept_and_can_be_packed(stream: str, data: dict[str, Any], id: str) -> None:
    body = payload(data, id=id)
    told = read_message(f"pingshan/v1/gate/G-1/{stream}", body, received_us=NOW)
    batch = gather("s", 1, told)
    again = Batch.unpack(batch.pack())
    assert len(again) == 1
    assert [*again.raw, *(one.raw for one in again.others)] == [body]


@given(st.integers(0, 10**9), st.binary(max_size=4))
def test_a_packed_batch_with_bytes_exchanged_is_taken_or_kept(at: int, other: bytes) -> None:
    body = bytearray(packed().pack())
    start = at % len(body)
    body[start : start + len(other)] = other
    batch = gather("s", 1, read_message("pingshan/v1/gate/G-1/position", bytes(body), received_us=NOW))
    Batch.unpack(batch.pack())


def test_the_document_lists_what_each_stream_takes() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "bus.md").read_text("utf-8")
    for stream in Stream:
        for member in members_of(stream).values():
            assert f"| {stream} | `{member.name}` | {member.type}{' !' if member.required else ''} |" in text
