"""Point 9: the pictures of the poses are there and no others, PNG of their size: the scene in at most 200 kB, pages in at most 300 kB."""

import json
from pathlib import Path

import pytest
from PIL import Image

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"


POSES = json.loads((PICTURES / "poses.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", POSES)
def test_a_picture_is_committed_and_light(name: str) -> None:
    path = PICTURES / f"{name}.png"
    whole = bool({"page", "report", "live"} & POSES[name].keys())
    assert path.stat().st_size <= (300_000 if whole else 200_000)
    with Image.open(path) as image:
        assert image.size == ((1280, 720) if whole else (960, 540))
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 30


def test_every_picture_has_its_pose() -> None:
    assert {path.stem for path in PICTURES.glob("*.png")} == set(POSES)
    assert {"compound", "facade", "street", "interior", "storey-cut"} <= set(POSES)
