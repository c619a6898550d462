"""A batch comes back as it was packed, and what is no batch is refused with one error."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors import FIX, NO_NUMBER, Batch, BatchInvalid, Observation, Stream

times = st.integers(0, 2**53)
values = st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=9)), max_size=3)
observations = st.builds(
    Observation,
    device=st.text(max_size=20),
    stream=st.sampled_from(Stream),
    received_us=times,
    value=values,
    device_us=st.none() | times,
    fix_us=st.none() | times,
    lon_lat=st.none() | st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    alarms=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    raw=st.binary(max_size=30),
    protocol=st.text(max_size=5),
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    devices = draw(st.lists(st.text(max_size=12), min_size=1, max_size=4))
    count = draw(st.integers(0, 5))
    fixes = np.zeros(count, dtype=FIX)
    for name in FIX.names or ():
        fixes[name] = draw(st.lists(st.integers(0, 1000), min_size=count, max_size=count))
    fixes["device"] %= len(devices)
    fixes["speed_dkmh"][:1] = NO_NUMBER
    raw = draw(st.one_of(st.just([]), st.lists(st.binary(max_size=20), min_size=count, max_size=count)))
    others = draw(st.lists(observations, max_size=3))
    return Batch(source="g", number=draw(st.integers(0, 2**63)), devices=tuple(devices), fixes=fixes, raw=tuple(raw), others=tuple(others))


@given(batches())
def test_a_batch_comes_back_as_it_was(batch: Batch) -> None:
    again = Batch.unpack(batch.pack())
    assert (again.fixes == batch.fixes).all()
    assert again.fixes.dtype == FIX
    assert replace(again, fixes=batch.fixes).others == tuple(batch.others)
    assert (again.source, again.number, again.devices, again.raw) == (batch.source, batch.number, batch.devices, batch.raw)


@given(batches(), st.data())
def test_a_damaged_batch_is_refused_or_read_and_nothing_else(batch: Batch, data: st.DataObject) -> None:
    packed = bytearray(batch.pack())
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packed)))
    for damaged in (bytes(packed), bytes(packed[:cut])):
        try:
            Batch.unpack(damaged)
        except BatchInvalid as error:
            assert error.message


def test_a_batch_that_contradicts_itself_is_no_batch() -> None:
    fixes = np.zeros(2, dtype=FIX)
    with pytest.raises(BatchInvalid, match="1 raw frames beside 2 fixes"):
        Batch(source="g", number=1, devices=("vehicle/A",), fixes=fixes, raw=(b"x",))
    fixes["device"] = 3
    with pytest.raises(BatchInvalid, match="device 3 of 1"):
        Batch(source="g", number=1, devices=("vehicle/A",), fixes=fixes)
