"""GB/T 28181 ids."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.codes import shipped_tables
from twin.codes.device_id import DeviceType, check_device_id, parse_device_id

TYPES = shipped_tables().rows(DeviceType)


@settings(deadline=None)
@given(st.from_regex(r"[0-9]{20}", fullmatch=True))
def test_the_parts_together_are_the_id(code: str) -> None:
    device = parse_device_id(code)
    assert device is not None
    assert device.centre + device.industry + device.type + device.network + device.serial == code
    assert [len(part) for part in (device.centre, device.industry, device.type, device.network, device.serial)] == [8, 2, 3, 1, 6]


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("35010200001320000001", None),
        ("35010200001310000001", None),
        ("35010200009990000001", "DEVICE_TYPE_UNKNOWN"),
        ("3501020000132000001", "DEVICE_ID_FORM"),
        ("3501020000132000000１", "DEVICE_ID_FORM"),
        ("摄像机", "DEVICE_ID_FORM"),
    ],
)
def test_ids_right_and_wrong(code: str, fault: str | None) -> None:
    found = check_device_id(code, TYPES)
    assert (found and found.code) == fault
