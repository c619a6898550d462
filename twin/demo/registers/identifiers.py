"""Codes with check digits, written in bulk: credit codes, VINs, plates; positions of digits are array columns."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["closed", "credit_codes", "other_check", "plates", "vins"]

Characters = NDArray[np.uint8]
ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", np.uint8)
CREDIT_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
VIN_WEIGHTS = np.array([8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2])
VIN_VALUES = {
    **{str(d): d for d in range(10)},
    **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
    **dict(zip("JKLMN", range(1, 6), strict=True)),
}
VIN_VALUES |= {"P": 7, "R": 9, **dict(zip("STUVWXYZ", range(2, 10), strict=True))}
VIN_LETTERS = np.frombuffer(b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789", np.uint8)
YEAR_LETTERS = "ABCDEFGHJKLMNPRSTVWXY123456789"
PLATE_LETTERS = np.frombuffer(b"ABCDEFGHJKLMNPQRSTUVWXYZ", np.uint8)
DIGITS = np.frombuffer(b"0123456789", np.uint8)
DIGITS_X = np.frombuffer(b"0123456789X", np.uint8)


def credit_codes(nature: NDArray[Any], division: NDArray[Any], serial: NDArray[Any]) -> pa.Array:
    """Unified social credit codes (GB 32100-2015): department 1, nature 1/2/3, six digits of division, organisation code, check.

    `serial` (< 10⁸) becomes the organisation code's digits (GB 11714): different serials give different codes.
    """
    rows = len(serial)
    values = np.zeros((rows, 18), np.int64)
    values[:, 0] = 1
    values[:, 1] = nature
    values[:, 2:8] = _digits(division, 6)
    organisation = _digits(serial, 8)
    values[:, 8:16] = organisation
    check = 11 - organisation @ ORGANISATION_WEIGHTS % 11
    characters = ALPHABET[values]
    characters[:, 16] = DIGITS_X[np.where(check == 11, 0, check)]
    values[:, 16] = np.where(check == 10, int(np.flatnonzero(ord("X") == ALPHABET)[0]), np.where(check == 11, 0, check))
    characters[:, 17] = ALPHABET[(31 - values[:, :17] @ CREDIT_WEIGHTS % 31) % 31]
    return _strings(characters)


def closed(seventeen: str) -> str:
    """A credit code's first seventeen characters with the check character that closes them."""
    letters = ALPHABET.tobytes().decode()
    total = sum(letters.index(letter) * int(weight) for letter, weight in zip(seventeen, CREDIT_WEIGHTS, strict=True))
    return seventeen + letters[(31 - total % 31) % 31]


def vins(makers: list[str], year: NDArray[Any], rng: np.random.Generator) -> pa.Array:
    """VINs (GB 16735): the maker's three letters, a random description, check at position 9, model year, plant, six digits of serial."""
    rows = len(makers)
    characters = np.empty((rows, 17), np.uint8)
    characters[:, :3] = np.frombuffer("".join(makers).encode(), np.uint8).reshape(rows, 3)
    characters[:, 3:8] = VIN_LETTERS[rng.integers(0, len(VIN_LETTERS), (rows, 5))]
    characters[:, 8] = ord("0")
    characters[:, 9] = np.frombuffer(YEAR_LETTERS.encode(), np.uint8)[(year - 2010) % 30]
    characters[:, 10] = VIN_LETTERS[rng.integers(0, 23, rows)]
    characters[:, 11:] = DIGITS[_digits(rng.choice(10**6, rows, replace=False), 6)]
    table = np.zeros(128, np.int64)
    for letter, value in VIN_VALUES.items():
        table[ord(letter)] = value
    characters[:, 8] = DIGITS_X[table[characters] @ VIN_WEIGHTS % 11]
    return _strings(characters)


def plates(letter: list[str], electric: NDArray[Any], serial: NDArray[Any]) -> pa.Array:
    """Plates (GA 36-2018): 闽 + the city's letter + five, or D/F + five digits for a new-energy car; different serials of a kind differ."""
    rows = len(letter)
    tail = np.empty((rows, 5), np.uint8)
    numbers = _digits(serial % 10_000, 4)
    tail[:, 0] = PLATE_LETTERS[serial // 10_000 % 24]
    tail[:, 1:] = DIGITS[numbers]
    plain = _strings(tail).to_pylist()
    green = "DF"
    return pa.array(
        [
            f"闽{city}{green[int(n) // 100_000 % 2]}{int(n) % 100_000:05d}" if new else f"闽{city}{end}"
            for city, new, n, end in zip(letter, electric, serial, plain, strict=True)
        ],
        pa.string(),
    )


def other_check(code: str, at: int = -1) -> str:
    """The code with another character of its own kind at a position: a check digit that is wrong, nothing else."""
    place = at % len(code)
    old = code[place]
    new = "1" if old == "0" else "0" if old.isdigit() else "A" if old != "A" else "B"
    return code[:place] + new + code[place + 1 :]


def _digits(numbers: NDArray[Any], count: int) -> NDArray[np.int64]:
    powers = 10 ** np.arange(count - 1, -1, -1)
    return np.asarray(numbers, np.int64)[:, None] // powers % 10


def _strings(characters: Characters) -> pa.Array:
    rows, width = characters.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(characters)))
