"""The simulated compound speaks to a real gateway over TCP, and hands the rest over as a gateway of its own."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import numpy as np

from sensors import Batch, InletGone, Stream
from sensors.jt808_known import KnownTerminal
from sensors.jt808_server import Jt808Server
from sensors.simulate_scenario import Scenario
from spatial.frame import Site, SiteFrame
from tests.sensors.compound_made import compound
from tests.sensors.jt808_gateway import Remembering, Terminals
from twin.queries.live.simulated import Simulated
from twin.queries.live.simulation import Orders, Simulation

SITE = Site(code="made", name="made", lon=119.3, lat=26.08, height_m=20.0, crs="EPSG:4549", geoid_separation_m=None)
VEHICLES = [(f"闽A0000{i}", f"1391234560{i}", f"闽A0000{i}") for i in range(4)]
KNOWN = {phone: KnownTerminal(device=f"vehicle/{key}", token="令牌", plate=plate) for key, phone, plate in VEHICLES}
FRAME = SiteFrame.of(SITE)


class Ordered:
    """Has three errands to plan, and remembers what is asked of it."""

    def __init__(self) -> None:
        self.planned, self.starts, self.ends = 0, list[int](), list[bool]()

    def plan(self, now_s: float) -> bool:
        assert now_s >= 0.0
        self.planned += self.planned < 3
        return self.planned < 3

    def __call__(self, start_us: int, now_s: float, *, ends: bool = False) -> None:
        self.starts.append(start_us)
        self.ends.append(ends)


def simulation(inlet: Remembering, port: int, scenario: Scenario = Scenario.CALM, orders: Orders | None = None) -> Simulation:
    simulated = Simulated(frame=FRAME, compound=compound(), vehicles=VEHICLES)
    return Simulation(
        simulated=simulated,
        seed=7,
        inlet=inlet,
        gateway=lambda: ("127.0.0.1", port),
        scenario=scenario,
        begins_s=1.0,
        orders=orders,
    )


async def lived(
    seconds: float, scenario: Scenario = Scenario.CALM, *, errors: int = 0, orders: Orders | None = None
) -> tuple[dict[str, int], list[Batch], list[Batch]]:
    """What a compound that lives so long says it did, what came by the gateway, and what came beside it."""
    inlet, beside = Remembering(), Remembering()
    beside.errors = [InletGone("away", path="hub")] * errors
    server = Jt808Server(inlet, Terminals(KNOWN), source="gateway")
    port = await server.start("127.0.0.1", 0)
    living = simulation(beside, port, scenario, orders)
    asyncio.get_running_loop().call_later(seconds, living.stopping.set)
    facts = await living.run()
    await inlet.quiet(server)
    await server.close()
    return facts, inlet.batches, beside.batches


def placed(batches: Sequence[Batch]) -> dict[str, np.ndarray]:
    """The places of each device, in site metres."""
    found: dict[str, list[np.ndarray]] = {}
    for batch in batches:
        for fix in batch.fixes:
            degrees = np.array([[fix["lon_e7"] / 1e7, fix["lat_e7"] / 1e7, 20.0]])
            found.setdefault(batch.devices[fix["device"]], []).append(FRAME.from_lon_lat_height(degrees)[0, :2])
    return {device: np.array(places) for device, places in found.items()}


def test_every_vehicle_is_ordered_registers_drives_and_is_acknowledged_and_the_rest_is_told_beside() -> None:
    ordered = Ordered()
    facts, by_gateway, beside = asyncio.run(lived(6.0, orders=ordered))
    assert (ordered.planned, len(set(ordered.starts)), ordered.ends) == (3, 1, [False, True])
    assert (facts["vehicles"], facts["refused"], facts["lost"]) == (4, 0, 0)
    places = placed(by_gateway)
    assert set(places) == {f"vehicle/{key}" for key, *_ in VEHICLES}
    assert facts["acknowledged"] == sum(map(len, places.values())) >= 4
    assert all(np.abs(xy).max() < 320 for xy in places.values())
    guards = placed(beside)
    assert set(guards) == {"guard/W-1", "guard/W-2", "guard/巡逻03", "guard/巡逻04"}
    assert all(np.abs(xy).max() < 120 for xy in guards.values())
    others = [one for batch in beside for one in batch.others]
    assert {one.stream for one in others} >= {Stream.STATE, Stream.READING}
    assert all(one.device_us is not None and one.device_us <= one.received_us for one in others)
    assert facts["said"] == sum(map(len, beside))
    assert [batch.number for batch in beside] == list(range(1, len(beside) + 1))


def test_an_intruder_is_said_once_where_the_hub_was_away_meanwhile() -> None:
    _, _, beside = asyncio.run(lived(5.0, Scenario.INTRUDER, errors=1))
    alarms = Counter((one.device.partition("/")[0], *one.alarms) for batch in beside for one in batch.others if one.alarms)
    assert alarms == {("perimeter_segment", "perimeter_intrusion"): 1, ("camera", "camera_motion"): 1}
    (intruded,) = [one for batch in beside for one in batch.others if "perimeter_intrusion" in one.alarms]
    assert intruded.lon_lat is not None
    xy = FRAME.from_lon_lat_height(np.array([[*intruded.lon_lat, 20.0]]))[0, :2]
    assert np.isclose(np.abs(xy).max(), 100.0, atol=0.01)
