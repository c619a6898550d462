"""Khronos' validator on our glbs, as written and with every compressed view decoded by our own decoder.

It knows neither meshopt nor the extensions of 3D Tiles: of the first it sees the JSON, of the second the values too.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from spatial.scene import Layer
from tests.conftest import require
from tests.tiles.layers import FRAME, terrain, toy_building, trees
from tests.tiles.plain_glb import plain_glb
from tiles import write_layer

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "viewer" / "web" / "node_modules" / "gltf-validator"
INFORMATION = {"UNSUPPORTED_EXTENSION", "UNUSED_OBJECT"}
"""What only an extension that it does not know refers to looks unused to it."""


def said_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    require(PACKAGE.is_dir() and shutil.which("node") is not None, "gltf-validator", "make setup")
    files = sorted(map(str, folder.glob("*.glb")))
    done = subprocess.run(["node", HERE / "validate_glb.mjs", *files], capture_output=True, text=True, check=True)
    said: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    assert len(said) == len(files) > 0
    return said


@pytest.mark.parametrize("layer", [toy_building(), trees(), terrain()], ids=["building", "city", "terrain"])
def test_glbs_have_no_error_and_no_warning(layer: Layer, tmp_path: Path) -> None:
    write_layer(layer, FRAME.to_ecef, tmp_path / "written")
    (tmp_path / "plain").mkdir()
    for path in (tmp_path / "written").glob("*.glb"):
        (tmp_path / "plain" / path.name).write_bytes(plain_glb(path.read_bytes()))
    for folder in (tmp_path / "written", tmp_path / "plain"):
        assert {message["code"] for messages in said_of(folder).values() for message in messages} <= INFORMATION


def test_the_validator_sees_a_wrong_value_in_a_decoded_glb(tmp_path: Path) -> None:
    manifest = write_layer(terrain(), FRAME.to_ecef, tmp_path / "written")
    data = plain_glb((tmp_path / "written" / f"{manifest.contents[0].sha256}.glb").read_bytes())
    (tmp_path / "wrong.glb").write_bytes(data.replace(b'"max": [32767', b'"max": [32766', 1))
    (messages,) = said_of(tmp_path).values()
    assert "ACCESSOR_MAX_MISMATCH" in {message["code"] for message in messages}
