"""`$filter`, `$orderby`, `$select`, `$expand` … by recursive descent (OData 4.0, part 2, §5.1), to a depth that is counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twin.queries.things.odata.functions import FUNCTIONS
from twin.queries.things.odata.nodes import Binary, Call, Expression, Literal, Logic, Not, Options, Order, Path
from twin.queries.things.odata.tokens import Token, invalid, read_tokens
from twin.queries.things.odata.values import LiteralInvalid, literal_of

__all__ = ["DEEPEST", "NAMES", "parse_expression", "parse_options"]

DEEPEST = 60
LARGEST = 2**31 - 1
MOST_TOKEN = 1_000
NAMES = ("$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count")
LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"or"}),
    frozenset({"and"}),
    frozenset({"eq", "ne"}),
    frozenset({"gt", "ge", "lt", "le"}),
    frozenset({"add", "sub"}),
    frozenset({"mul", "div", "mod"}),
)
"""Operators from the loosest to the closest; all of them group from the left."""
WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


def parse_options(given: Mapping[str, str]) -> Options:
    """The options of a request; raises FilterInvalid, with the option as its path."""
    found = Options()
    for name, text in given.items():
        if name == "$skiptoken":
            found = replace(found, after=_place(text))
            continue
        parser = _Parser(text, name)
        found = parser.option(name, found)
        parser.end()
    return found


def _place(text: str) -> tuple[int | str, ...]:
    """Where a page ended: a list of numbers and texts of JSON, as `@iot.nextLink` has it."""
    try:
        found = json.loads(text) if len(text) <= MOST_TOKEN else None
    except (ValueError, RecursionError):
        found = None
    numbers = isinstance(found, list) and 1 <= len(found) <= 3 and all(type(one) is int and abs(one) < 2**63 for one in found[:-1])
    if found is None or not numbers or not (isinstance(found[-1], str) or (type(found[-1]) is int and abs(found[-1]) < 2**63)):
        raise invalid("it is taken as it stands in @iot.nextLink", "$skiptoken", 0)
    return tuple(found)


def parse_expression(text: str, option: str = "$filter") -> Expression:
    """One expression; raises FilterInvalid."""
    parser = _Parser(text, option)
    found = parser.expression()
    parser.end()
    return found


class _Parser:
    def __init__(self, text: str, option: str) -> None:
        self._option = option
        self._text = text
        self._tokens = read_tokens(text, option)
        self._at = 0
        self._depth = 0

    # tokens

    @property
    def here(self) -> Token:
        return self._tokens[self._at]

    def take(self) -> Token:
        token = self.here
        self._at += token.kind != "end"
        return token

    def is_symbol(self, value: str) -> bool:
        return self.here.kind == "symbol" and self.here.value == value

    def accept(self, value: str) -> bool:
        found = self.is_symbol(value)
        self._at += found
        return found

    def expect(self, value: str) -> None:
        if not self.accept(value):
            raise self.unexpected(f"{value!r} was expected")

    def end(self) -> None:
        if self.here.kind != "end":
            raise self.unexpected()

    def unexpected(self, wanted: str = "") -> Exception:
        said = "it ends too early" if self.here.kind == "end" else f"unexpected {self.here.value[:40]!r}"
        return invalid(f"{said}, {wanted}" if wanted else said, self._option, self.here.start)

    def deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise invalid(f"nested deeper than {DEEPEST}", self._option, self.here.start)

    # options

    def option(self, name: str, found: Options) -> Options:
        start = self.here.start
        found = self.read_option(name, found)
        return replace(found, texts={**found.texts, name: self._text[start : self.here.start].strip()})

    def read_option(self, name: str, found: Options) -> Options:
        if name == "$filter":
            return replace(found, filter=self.expression())
        if name == "$select":
            return replace(found, select=self.selected())
        if name == "$expand":
            return replace(found, expand=self.expanded())
        if name == "$orderby":
            return replace(found, orderby=self.orders())
        if name == "$top":
            return replace(found, top=self.whole())
        if name == "$skip":
            return replace(found, skip=self.whole())
        if name == "$count":
            return replace(found, count=self.flag())
        raise invalid(f"{name} is no option; one of {', '.join(NAMES)}", self._option, self.here.start)

    def selected(self) -> tuple[str, ...]:
        names = [self.name()]
        while self.accept(","):
            names.append(self.name())
        return tuple(dict.fromkeys(names))

    def expanded(self) -> dict[str, Options]:
        found: dict[str, Options] = {}
        self.deeper()
        while True:
            name, options = self.one_expanded()
            found[name] = _merged(found[name], options) if name in found else options
            if not self.accept(","):
                self._depth -= 1
                return found

    def one_expanded(self) -> tuple[str, Options]:
        """`Name`, `Name(options)` or `Name/…`, which is `Name($expand=…)`."""
        name = self.name()
        self.deeper()
        options = Options()
        if self.accept("/"):
            below, more = self.one_expanded()
            options = Options(expand={below: more})
        elif self.accept("("):
            while True:
                if self.here.kind != "option":
                    raise self.unexpected("an option was expected")
                inner = self.take().value
                self.expect("=")
                options = self.option(inner, options)
                if not self.accept(";"):
                    break
            self.expect(")")
        self._depth -= 1
        return name, options

    def orders(self) -> tuple[Order, ...]:
        found = [self.order()]
        while self.accept(","):
            found.append(self.order())
        return tuple(found)

    def order(self) -> Order:
        by = self.expression()
        word = self.here.value.lower() if self.here.kind == "name" else ""
        self._at += word in ("asc", "desc")
        return Order(by, word == "desc")

    def whole(self) -> int:
        token = self.take()
        if token.kind != "number" or not token.value.isascii() or not token.value.isdigit() or len(token.value) > 10:
            raise invalid("a whole number from 0 was expected", self._option, token.start)
        if int(token.value) > LARGEST:
            raise invalid(f"at most {LARGEST:,}", self._option, token.start)
        return int(token.value)

    def flag(self) -> bool:
        token = self.take()
        if token.value not in ("true", "false"):
            raise invalid("true or false was expected", self._option, token.start)
        return token.value == "true"

    def name(self) -> str:
        if self.here.kind != "name":
            raise self.unexpected("a name was expected")
        return self.take().value

    # expressions

    def expression(self, level: int = 0) -> Expression:
        if level == len(LEVELS):
            return self.unary()
        if level < 2:
            return self.logic(level)
        left = self.expression(level + 1)
        taken = 0
        while self.here.kind == "name" and self.here.value in LEVELS[level]:
            self.deeper()
            taken += 1
            left = Binary(self.take().value, left, self.expression(level + 1))
        self._depth -= taken
        return left

    def logic(self, level: int) -> Expression:
        """Any number of terms: a list of ids is no nesting."""
        (word,) = LEVELS[level]
        terms = [self.expression(level + 1)]
        while self.here.kind == "name" and self.here.value == word:
            self.take()
            terms.append(self.expression(level + 1))
        return terms[0] if len(terms) == 1 else Logic(word, tuple(terms))

    def unary(self) -> Expression:
        if self.here.kind == "name" and self.here.value == "not":
            self.take()
            return Not(self.nested_unary())
        if self.accept("-"):
            return Not(self.nested_unary(), sign=True)
        return self.primary()

    def nested_unary(self) -> Expression:
        self.deeper()
        found = self.unary()
        self._depth -= 1
        return found

    def primary(self) -> Expression:
        if self.accept("("):
            self.deeper()
            found = self.expression()
            self.expect(")")
            self._depth -= 1
            return found
        token = self.take()
        if token.kind == "name":
            return self.named(token)
        try:
            return Literal(literal_of(token.kind, token.value))
        except LiteralInvalid as error:
            raise invalid(str(error), self._option, token.start) from None
        except KeyError:
            self._at -= token.kind != "end"
            raise self.unexpected("a value was expected") from None

    def named(self, token: Token) -> Expression:
        if token.value in WORDS and not self.is_symbol("/"):
            return Literal(WORDS[token.value])
        if self.is_symbol("("):
            return self.call(token)
        steps = [token.value]
        while self.accept("/"):
            if self.here.kind not in ("name", "number"):
                raise self.unexpected("a name was expected")
            steps.append(self.take().value)
        return Path(tuple(steps), token.start)

    def call(self, token: Token) -> Expression:
        if token.value not in FUNCTIONS:
            raise invalid(f"there is no function {token.value}", self._option, token.start)
        self.expect("(")
        self.deeper()
        arguments: list[Expression] = []
        if not self.is_symbol(")"):
            arguments.append(self.expression())
            while self.accept(","):
                arguments.append(self.expression())
        self.expect(")")
        self._depth -= 1
        least, most = FUNCTIONS[token.value].arity
        if not least <= len(arguments) <= most:
            raise invalid(f"{token.value} takes {least} to {most} values, not {len(arguments)}", self._option, token.start)
        return Call(token.value, tuple(arguments), token.start)


def _merged(one: Options, other: Options) -> Options:
    """`Datastreams/Sensor,Datastreams/Observations` expands both."""
    return replace(one, expand={**one.expand, **other.expand})
