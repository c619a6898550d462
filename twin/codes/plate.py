"""Number plates of motor vehicles (GA 36-2018)."""

import re
import unicodedata
from typing import Final

from twin.codes.fault import Fault

__all__ = ["check_plate", "is_new_energy", "normalise_plate"]

PROVINCES: Final = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
LETTER: Final = "A-HJ-NP-Z"
SEPARATORS: Final = re.compile(r"[\s·•・‧∙⋅●.．_\-–—]")
ORDINARY: Final = re.compile(rf"[{PROVINCES}][{LETTER}][{LETTER}0-9]{{4}}[{LETTER}0-9警学挂港澳领使]")
NEW_ENERGY: Final = re.compile(rf"[{PROVINCES}][{LETTER}](?:[DF][{LETTER}0-9][0-9]{{4}}|[0-9]{{5}}[DF])")


def normalise_plate(text: str) -> str:
    """A plate as it is kept: half width, capital letters, no dots, blanks or hyphens.

    >>> normalise_plate("闽ａ·1234 5")
    '闽A12345'
    """
    return SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_plate(plate: str) -> Fault | None:
    """The fault of a normalised plate, or None: `PLATE_FORM`. Plates of the army and the armed police are outside GA 36."""
    if ORDINARY.fullmatch(plate) or NEW_ENERGY.fullmatch(plate):
        return None
    message = f"{plate}: a plate is a province, a letter and five characters, for new energy six with D or F; never I or O"
    return Fault(code="PLATE_FORM", message=message)


def is_new_energy(plate: str) -> bool:
    """Whether a normalised plate is one of a new-energy vehicle (small or large)."""
    return NEW_ENERGY.fullmatch(plate) is not None
