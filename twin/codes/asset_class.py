"""Classes of assets (GB/T 14885): a code means something only with its edition.

A02010105 is a desktop computer in GB/T 14885-2022 and was a portable one in the procurement list of 2013: two things.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias

from twin.codes.dictionary import Dictionary, fold
from twin.codes.fault import Fault
from twin.codes.row import Row, strangers

__all__ = ["AssetClass", "ClassIndex", "ClassScheme", "check_asset_class", "check_class_form", "class_path", "editions_of", "index_classes"]

MAX_CODE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScheme(Row):
    """An edition of a scheme of classes: the form of a code (regular expression) and where its levels end, in characters.

    Upper levels are filled up with `padding` where the edition does so; down to `complete_to` characters the table has every class.
    """

    TABLE: ClassVar[str] = "class_schemes"
    KEY: ClassVar[tuple[str, ...]] = ("class_edition",)

    class_edition: str
    zh: str
    en: str
    form: str
    form_words: str
    level_ends: tuple[int, ...]
    padding: str = ""
    complete_to: int = 0

    def trouble(self, dictionaries: Mapping[str, Dictionary]) -> str:
        """An edition that no dictionary has, or a form that is no regular expression."""
        try:
            re.compile(self.form)
        except re.error as error:
            return f"form {self.form!r} is no regular expression: {error}"
        return strangers([self.class_edition], dictionaries["class_edition"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetClass(Row):
    """One class of an edition; the full lists are copyright and come from the bureau, here are the top levels and a handful of leaves.

    `words` are parts of names by which cards call such a thing, besides `zh`: what is called 笔记本 is a portable computer.
    """

    TABLE: ClassVar[str] = "asset_classes"
    KEY: ClassVar[tuple[str, ...]] = ("class_edition", "code")

    class_edition: str
    code: str
    zh: str
    en: str = ""
    words: tuple[str, ...] = ()

    def is_called(self, name: str) -> bool:
        """Whether a card's name says that it is of this class."""
        return any(fold(word) in fold(name) for word in (self.zh, *self.words) if word)


ClassIndex: TypeAlias = Mapping[tuple[str, str], AssetClass]


def check_class_form(code: str, schemes: Iterable[ClassScheme]) -> Fault | None:
    """`CLASS_CODE_FORM` where the code has the form of no edition, else None; for a code whose edition is not at hand."""
    schemes = tuple(schemes)
    if editions_of(code, schemes):
        return None
    forms = "; ".join(f"{scheme.class_edition} {scheme.form_words}" for scheme in schemes)
    return Fault(code="CLASS_CODE_FORM", message=f"{code} has the form of no edition ({forms})")


def check_asset_class(
    code: str, class_edition: str, name: str = "", *, schemes: Iterable[ClassScheme], classes: ClassIndex
) -> Fault | None:
    """The fault of a class code with its edition and what the card calls the thing, or None.

    `CLASS_EDITION_UNKNOWN` where the edition is not stated or not a known one: not guessed, though the message names what the form allows.
    `CLASS_CODE_FORM` where the code has not the edition's form, `CLASS_CODE_UNKNOWN` where its top level is no class of the edition,
    `CLASS_EDITION_CONTRADICTS` where the name is that of the code's class in another edition, and not in the one that is stated.
    """
    schemes = tuple(schemes)
    scheme = next((scheme for scheme in schemes if scheme.class_edition == class_edition), None)
    if scheme is None:
        possible = "、".join(editions_of(code, schemes)) or "none"
        said = f"edition {class_edition} is not known" if class_edition else "no edition is stated"
        return Fault(code="CLASS_EDITION_UNKNOWN", message=f"{code}: {said}; by its form it may be of: {possible}")
    if not _has_form(code, scheme):
        return Fault(code="CLASS_CODE_FORM", message=f"{code} is no code of {class_edition}: {scheme.form_words}")
    top = _padded(code[: scheme.complete_to], code, scheme)
    if scheme.complete_to and (class_edition, top) not in classes:
        return Fault(code="CLASS_CODE_UNKNOWN", message=f"{code}: {class_edition} has no class {top}")
    own = classes.get((class_edition, code))
    other = _meant(code, name, schemes, classes) if own is not None and name and not own.is_called(name) else None
    if own is not None and other is not None:
        message = f"{name}: {code} is {own.zh} in {class_edition}, and {other.zh} in {other.class_edition}"
        return Fault(code="CLASS_EDITION_CONTRADICTS", message=message)
    return None


def editions_of(code: str, schemes: Iterable[ClassScheme]) -> tuple[str, ...]:
    """The editions whose form the code has: a hint for a person, never an answer."""
    return tuple(scheme.class_edition for scheme in schemes if _has_form(code, scheme))


def index_classes(classes: Iterable[AssetClass]) -> ClassIndex:
    """The classes by edition and code."""
    return MappingProxyType({(found.class_edition, found.code): found for found in classes})


def class_path(code: str, class_edition: str, *, schemes: Iterable[ClassScheme], classes: ClassIndex) -> Iterator[AssetClass]:
    """The classes above and at a code that the table knows, from the top: A02 设备 › … › A02010105 台式计算机."""
    scheme = next((scheme for scheme in schemes if scheme.class_edition == class_edition), None)
    if scheme is None:
        return
    for end in dict.fromkeys([*scheme.level_ends, len(code)]):
        found = classes.get((class_edition, _padded(code[:end], code, scheme))) if end <= len(code) else None
        if found is not None:
            yield found


def _meant(code: str, name: str, schemes: Iterable[ClassScheme], classes: ClassIndex) -> AssetClass | None:
    """The class of that code, in whatever edition, that the name is one of."""
    found = (classes.get((scheme.class_edition, code)) for scheme in schemes)
    return next((one for one in found if one is not None and one.is_called(name)), None)


def _padded(prefix: str, code: str, scheme: ClassScheme) -> str:
    return prefix.ljust(len(code), scheme.padding) if scheme.padding else prefix


def _has_form(code: str, scheme: ClassScheme) -> bool:
    return len(code) <= MAX_CODE and _compiled(scheme.form).fullmatch(code) is not None


@cache
def _compiled(form: str) -> re.Pattern[str]:
    return re.compile(form)
