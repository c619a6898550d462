"""Lines of sight through the service: copies of the demo's buildings and more cameras imported, then asked over HTTP.

The first answers are timed from the start of the service, once as after a new model (nothing kept of the scene) and once as ever after.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from lib.record import ROOT
from lib.service import TWIN, Service, serving, spread

HOLDER = "twin.queries.sight.holder.process"
HEADER = "摄像机编号,经度,纬度,坐标系,大地高(m),朝向(°),俯仰角(°),焦距(mm),靶面宽(mm),靶面高(mm),水平像素,垂直像素,监视距离(m)"
BESIDE_COVERAGE = 400
PATIENCE_S = 300.0
Run = Callable[[list[str], Path], Any]


def import_copies(folder: Path, run: Run, site: str, east_m: list[float]) -> None:
    """Every building model once more so many metres east of where it stands, for each distance."""
    from spatial.frame import Similarity, SiteFrame
    from twin.settings import Settings
    from twin.store import Store

    settings = Settings(home=folder / "home")
    with Store.open(settings.database_url) as store:
        frame = SiteFrame.of(store.get_site(site))
        models = [one for one in store.list_models(site) if one.kind == "bim" and one.similarity is not None]
    for model in models if east_m else ():
        there = Similarity.from_matrix(model.similarity)
        original = next((settings.home / "demo").rglob(f"{model.model_key}.ifc"))
        heading = float(np.degrees(np.arctan2(there.rotation[0, 1], there.rotation[1, 1])))
        for number, east in enumerate(east_m, 1):
            lon, lat, height = frame.to_lon_lat_height([np.add(there.translation, (east, 0.0, 0.0))])[0].tolist()
            anchor = f"{lon:.9f},{lat:.9f},{height:.4f},{heading:.6f}"
            key = f"copy{number}-{model.model_key}"
            run([TWIN, "import", "bim", str(original), "--site", site, "--model", key, "--anchor", anchor], folder)


def import_cameras(folder: Path, run: Run, site: str, cameras: list[Any]) -> None:
    """Cameras that are posed in site metres as rows of a register."""
    from spatial.frame import SiteFrame
    from twin.settings import Settings
    from twin.store import Store

    with Store.open(Settings(home=folder / "home").database_url) as store:
        frame = SiteFrame.of(store.get_site(site))
    lines = [HEADER]
    for number, one in enumerate(cameras):
        lon, lat, height = frame.to_lon_lat_height([one.site_xyz])[0].tolist()
        place = (f"B-{number:03d}", f"{lon:.9f}", f"{lat:.9f}", "CGCS2000", f"{height:.3f}")
        lens = (f"{one.heading_deg:.3f}", one.tilt_deg, one.focal_length_mm, *one.sensor_mm, *one.resolution_px, one.range_m)
        lines.append(",".join(map(str, (*place, *lens))))
    path = folder / "cameras.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run([TWIN, "import", "register", "camera", str(path)], folder)


def asked_over_http(folder: Path, targets: list[list[float]], point: list[float]) -> dict[str, Any]:
    """The service started twice; who sees each target, alone and while a coverage is worked out; memory of each process."""
    env = {"TWIN_HOME": str(folder / "home"), "TWIN_WORKERS": "2", "PYTHONPATH": str(ROOT)}
    for old in (folder / "home" / "sight").glob("*.npz"):
        old.unlink()
    first, told = {}, {}
    for start in ("after a new model", "as ever after"):
        began = time.perf_counter()
        with serving(env) as port:
            first[start] = first_answers(port, began, targets[0], point)
            if start == "as ever after":
                told = questions(port, targets)
    return {"who": "through HTTP", "first": first, **told}


def first_answers(port: int, began: float, target: list[float], point: list[float]) -> dict[str, float]:
    """Seconds from the start of the service to its first answers: where a point is, who sees a target."""
    answers = {}
    for name, path in (("located_s", locate_path(point)), ("sight_s", visible_path(target))):
        while True:
            try:
                Service(port).ask(path)
                break
            except (SystemExit, OSError) as refused:
                waits = isinstance(refused, OSError) or "SIGHT_NOT_READY" in str(refused)
                if not waits or time.perf_counter() - began > PATIENCE_S:
                    raise
                time.sleep(0.05)
        answers[name] = round(time.perf_counter() - began, 2)
    return answers


def questions(port: int, targets: list[list[float]]) -> dict[str, Any]:
    """Milliseconds of who sees a target, and the same while the whole coverage is worked out."""
    service = Service(port)
    for target in targets[:20]:
        service.ask(visible_path(target))
    alone = [service.ask(visible_path(target))[1] for target in targets]
    answer, _ = service.ask(visible_path(targets[0]))
    done: dict[str, Any] = {}

    def cover() -> None:
        document, took = Service(port).ask("/spatial/coverage", method="POST", body={"heights_m": [0.1, 1.7]})
        done.update(took_s=round(took / 1000, 2), areas=len(document["features"]))

    thread = threading.Thread(target=cover)
    thread.start()
    time.sleep(0.1)
    beside = []
    for number in range(10 * BESIDE_COVERAGE):
        if not thread.is_alive() and number:
            break
        beside.append(service.ask(visible_path(targets[number % len(targets)]))[1])
    thread.join()
    _, again = Service(port).ask("/spatial/coverage", method="POST", body={"heights_m": [0.1, 1.7]})
    return {
        "cameras": answer["asked"],
        "asked": [{"asked": "who sees a target", **spread(alone)}, {"asked": "while a coverage is worked out", **spread(beside)}],
        "coverage_s": done.get("took_s"),
        "coverage_areas": done.get("areas"),
        "coverage_again_ms": round(again, 1),
        **memory(),
    }


def memory() -> dict[str, Any]:
    """MB (PSS) that the process with the scene holds now and held at most (VmHWM), and the most that one of the others holds."""
    sizes: dict[str, list[float]] = {"holder": [], "worker": []}
    peak = 0.0
    for process in psutil.Process(os.getpid()).children(recursive=True):
        try:
            holds = HOLDER in process.cmdline()
            sizes["holder" if holds else "worker"].append(process.memory_full_info().pss / 2**20)
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        except (psutil.Error, OSError):
            continue
        if holds:
            peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    holder, worker = (round(max(sizes[name], default=0.0)) for name in ("holder", "worker"))
    return {"holder_mb": holder, "holder_peak_mb": round(peak), "worker_mb": worker}


def visible_path(target: list[float]) -> str:
    """The question who sees a target at lon, lat, ellipsoidal height."""
    lon, lat, height = target
    return f"/spatial/visible-from?lon={lon}&lat={lat}&height_m={height}&datum=ellipsoidal"


def locate_path(point: list[float]) -> str:
    """The question where a point is."""
    return f"/spatial/locate?lon={point[0]}&lat={point[1]}&height_m={point[2]}"
