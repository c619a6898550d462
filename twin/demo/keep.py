"""The demo kept: written once for a seed, a scale and a state of this generator, then found again."""

import json
from collections.abc import Callable
from pathlib import Path

from spatial.source import bytes_sha256
from twin.demo.generate import REGISTERS, SITE, DemoFiles, write_demo
from twin.demo.registers import read_manifest

__all__ = ["written_demo"]

STAMP = "demo.json"


def written_demo(folder: Path, *, seed: int, scale: str, progress: Callable[[str, float], None] | None = None) -> DemoFiles:
    """The files of the demo in `folder`; written anew where seed, scale or the generator's own sources are others."""
    state = {"seed": seed, "scale": scale, "generator": _own_sources()}
    stamp = folder / STAMP
    models = {key: folder / f"{key}.ifc" for key in ("tower", "block", "hall")}
    files = DemoFiles(
        site=SITE,
        models=models,
        city=folder / "city.city.json",
        layers=folder / "layers.gpkg",
        terrain=folder / "hill.tif",
        registers=tuple(read_manifest(folder / REGISTERS)),
    )
    if stamp.is_file() and json.loads(stamp.read_text()) == state and files.registers and all(path.is_file() for path in files.all):
        return files
    stamp.unlink(missing_ok=True)
    files = write_demo(folder, seed=seed, scale=scale, progress=progress)
    stamp.write_text(json.dumps(state))
    return files


def _own_sources() -> str:
    sources = sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".toml"))
    return bytes_sha256(b"\0".join(path.read_bytes() for path in sources))[:16]
