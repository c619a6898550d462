"""Point 9: the five pictures are there, are PNG of the page's size, and weigh at most 200 kB."""

from pathlib import Path

import pytest
from PIL import Image

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"


@pytest.mark.parametrize("name", ["compound", "facade", "street", "interior", "storey-cut"])
def test_a_picture_is_committed_and_light(name: str) -> None:
    path = PICTURES / f"{name}.png"
    assert path.stat().st_size <= 200_000
    with Image.open(path) as image:
        assert image.size == (960, 540)
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 30
