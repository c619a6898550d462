"""Matching a request with what is idle or in the public warehouse, before anything is bought."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from twin.entitlement.lifecycle import OFFERED_STATES

__all__ = ["Match", "Offer", "Wish", "match_stock", "words_of"]

CONDITIONS: Final[Mapping[str, int]] = MappingProxyType({"new": 3, "good": 2, "worn": 1, "broken": 0})
WORDS: Final = re.compile(r"[a-z0-9.]+|[^\W\da-z_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a unit asks for: a class (or the beginning of its code) of an edition, words of the specification, how many.

    `condition` is the worst that will do, one of new, good, worn, broken.
    """

    class_edition: str
    class_prefix: str
    words: str = ""
    quantity: float = 1
    unit: str = ""
    condition: str = "worn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An asset that may serve: `distance_m` from the unit that asks, None where not known; `condition` empty where not known."""

    asset: str
    class_edition: str
    class_code: str
    state: str
    name: str = ""
    specification: str = ""
    quantity: float = 1
    unit: str = ""
    condition: str = ""
    distance_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An offer that fits, how many of it are `taken` for the wish, and why it stands where it does."""

    offer: Offer
    taken: float
    shared_words: tuple[str, ...]
    missing_words: tuple[str, ...]
    zh: str
    en: str


def match_stock(wish: Wish, offers: Iterable[Offer]) -> tuple[Match, ...]:
    """The offers that fit a wish, best first, and how many pieces to take of each until the wish is served (`taken` 0 after that).

    An offer fits where it is idle or pooled, its class of the **same, stated edition** begins with the wished code, and its condition is
    not known to be worse than wished. Order: more of the wished words, the unit's own before others', nearer before farther before unknown,
    better before worse, then by asset code. Raises KeyError for a wished condition that is none.
    """
    wished = words_of(wish.words)
    fitting = sorted((offer for offer in offers if _fits(wish, offer)), key=lambda offer: _order(wish, wished, offer))
    left = wish.quantity
    found = []
    for offer in fitting:
        taken = min(left, offer.quantity)
        left -= taken
        found.append(_match(wish, wished, offer, taken))
    return tuple(found)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a specification: runs of letters and digits, runs of Chinese, in small letters and half width, each once.

    >>> words_of("ＣＰＵ i7-12700 内存16GB")
    ('cpu', 'i7', '12700', '内存', '16gb')
    """
    return tuple(dict.fromkeys(WORDS.findall(unicodedata.normalize("NFKC", text).casefold())))


def _fits(wish: Wish, offer: Offer) -> bool:
    known = offer.condition in CONDITIONS
    return (
        offer.state in OFFERED_STATES
        and offer.quantity > 0
        and wish.class_edition != ""
        and offer.class_edition == wish.class_edition
        and offer.class_code.startswith(wish.class_prefix)
        and (not known or CONDITIONS[offer.condition] >= CONDITIONS[wish.condition])
    )


def _order(wish: Wish, wished: tuple[str, ...], offer: Offer) -> tuple[float | str, ...]:
    return (
        -len(_shared(wished, offer)),
        0.0 if wish.unit and offer.unit == wish.unit else 1.0,
        float("inf") if offer.distance_m is None else offer.distance_m,
        -CONDITIONS.get(offer.condition, -1),
        offer.asset,
    )


def _shared(wished: tuple[str, ...], offer: Offer) -> tuple[str, ...]:
    """Letters and digits agree as whole words (16 is not 116), Chinese as part of what is written."""
    written = words_of(f"{offer.name} {offer.specification}")
    chinese = " ".join(word for word in written if not word.isascii())
    return tuple(word for word in wished if word in written or (not word.isascii() and word in chinese))


def _match(wish: Wish, wished: tuple[str, ...], offer: Offer, taken: float) -> Match:
    shared = _shared(wished, offer)
    own = bool(wish.unit) and offer.unit == wish.unit
    metres = "?" if offer.distance_m is None else f"{offer.distance_m:g} m"
    pool = offer.state == "pooled"
    zh = (
        f"{'公物仓' if pool else '闲置'} · {'本单位' if own else offer.unit or '?'} · 规格 {len(shared)}/{len(wished)} · "
        f"成色 {offer.condition or '?'} · {metres} · 取 {taken:g}"
    )
    en = (
        f"{'public warehouse' if pool else 'idle'} · {'own unit' if own else offer.unit or '?'} · {len(shared)} of {len(wished)} words · "
        f"condition {offer.condition or '?'} · {metres} · take {taken:g}"
    )
    missing = tuple(word for word in wished if word not in shared)
    return Match(offer=offer, taken=taken, shared_words=shared, missing_words=missing, zh=zh, en=en)
