"""CQL2 text to nodes: recursive descent over the grammar of OGC 21-065r2, annex B.

What the grammar leaves open: `a ^ b ^ c` is a ^ (b ^ c); comparisons do not chain; `-a` is -1 * a; an element of an array that
stands wholly in parentheses is an array of its own.
"""

import math
from collections.abc import Callable
from typing import TypeVar

from twin.queries.cql2.errors import FilterInvalid
from twin.queries.cql2.instants import parse_date, parse_end, parse_timestamp
from twin.queries.cql2.lexer import Token, closing_of, place_of, read_tokens
from twin.queries.cql2.nodes import Array, Boolean, Call, Interval, Node, Number, Operation, Property, Text
from twin.queries.cql2.operators import COMPARISONS, WORDS, Kind
from twin.queries.cql2.shapes import GEOMETRY_TYPES, make_bbox, parse_wkt

__all__ = ["RESERVED", "make_number", "parse_text"]

RESERVED = frozenset({"and", "or", "not", "like", "between", "in", "is", "null", "true", "false", "div"})
"""Words that are no names unless they stand in double quotes."""
WKT_WORDS = frozenset(name.lower() for name in GEOMETRY_TYPES)
T = TypeVar("T")
DIMENSIONS = frozenset({"z", "m", "zm"})
LEVELS = (("+", "-"), ("*", "/", "%", "div"))


def parse_text(text: str, *, deepest: int) -> Node:
    """The node that CQL2 text says; raises FilterInvalid with line and column."""
    parser = _Parser(text, deepest)
    node = parser.disjunction()
    parser.expect_end()
    return node


def make_number(text: str, where: str) -> Number:
    """A number literal: exact as an integer of 64 bits, else the nearest double; raises FilterInvalid beyond the range of doubles."""
    if text.isdecimal() and len(text) < 20 and int(text) < 2**63:
        return Number(int(text))
    value = float(text)
    if not math.isfinite(value):
        raise FilterInvalid(f"{text[:40]} is beyond all numbers", path=where)
    return Number(value)


class _Parser:
    def __init__(self, text: str, deepest: int) -> None:
        self._text = text
        self._tokens = read_tokens(text)
        self._closing = closing_of(text, self._tokens, deepest)
        self._deepest = deepest
        self._depth = 0
        self._at = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    @property
    def _where(self) -> str:
        return place_of(self._text, self._next.start)

    def expect_end(self) -> None:
        if self._next.kind != "end":
            raise self._unexpected("the end of the filter")

    def disjunction(self) -> Node:
        return self._chain("or", lambda: self._chain("and", self._negation))

    def _chain(self, op: str, part: Callable[[], Node]) -> Node:
        parts = [part()]
        while self._take(op):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Operation(op, tuple(parts))

    def _negation(self) -> Node:
        if self._take("not"):
            return Operation("not", (self._deeper(self._negation),))
        return self._predicate()

    def _predicate(self) -> Node:
        left = self._arithmetic(0)
        if self._next.word in {*COMPARISONS, "!="}:
            op = self._step().word.replace("!=", "<>")
            node: Node = Operation(op, (left, self._arithmetic(0)))
            if self._next.word in {*COMPARISONS, "!="}:
                raise FilterInvalid(f"comparisons do not chain, at {self._where}", path=self._where, hint="use parentheses or AND")
            return node
        if self._take("is"):
            negated = self._take("not")
            self._expect("null")
            return self._negated(negated, Operation("isNull", (left,)))
        negated = self._next.word == "not" and self._take("not")
        if self._take("like"):
            return self._negated(negated, Operation("like", (left, self._arithmetic(0))))
        if self._take("between"):
            low = self._arithmetic(0)
            self._expect("and")
            return self._negated(negated, Operation("between", (left, low, self._arithmetic(0))))
        if self._take("in"):
            self._expect("(")
            return self._negated(negated, Operation("in", (left, Array(tuple(self._list(self._deeper_disjunction))))))
        if negated:
            raise self._unexpected("LIKE, BETWEEN or IN after NOT")
        return left

    def _arithmetic(self, level: int) -> Node:
        if level == len(LEVELS):
            return self._power()
        node = self._arithmetic(level + 1)
        while self._next.word in LEVELS[level]:
            op = self._step().word
            node = Operation(op, (node, self._arithmetic(level + 1)))
        return node

    def _power(self) -> Node:
        base = self._factor()
        return Operation("^", (base, self._deeper(self._power))) if self._take("^") else base

    def _factor(self) -> Node:
        if self._take("+"):
            return self._number()
        if self._take("-"):
            operand = self._deeper(self._factor)
            return Number(-operand.value) if isinstance(operand, Number) else Operation("*", (Number(-1), operand))
        return self._primary()

    def _primary(self) -> Node:
        token = self._next
        if token.kind == "text":
            return Text(self._storable(self._step()))
        if token.kind == "number":
            return self._number()
        if token.word == "(":
            return self._parenthesised()
        if token.kind == "quoted":
            return Property(self._storable(self._step()))
        if token.kind == "name" and token.word in {"true", "false"}:
            return Boolean(self._step().word == "true")
        if token.kind == "name" and token.word not in RESERVED:
            return self._named()
        raise self._unexpected("a property, a literal or a function")

    def _number(self) -> Number:
        if self._next.kind != "number":
            raise self._unexpected("a number")
        where = self._where
        return make_number(self._step().value, where)

    def _parenthesised(self) -> Node:
        """A group, or an array where a comma stands directly inside, or nothing does."""
        if self._is_list():
            return self._array()
        self._expect("(")
        node = self._deeper_disjunction()
        self._expect(")")
        return node

    def _array(self) -> Array:
        self._expect("(")
        return Array(()) if self._take(")") else Array(tuple(self._list(self._element)))

    def _element(self) -> Node:
        """An element of an array or the argument of an array function: what stands wholly in parentheses is an array."""
        whole = self._next.word == "(" and self._tokens[self._closing[self._at] + 1].word in {",", ")"}
        return self._deeper(self._array if whole else self.disjunction)

    def _is_list(self) -> bool:
        closing, at = self._closing[self._at], self._at + 1
        if at == closing:
            return True
        while at < closing and self._tokens[at].word != ",":
            at = self._closing.get(at, at) + 1
        return at < closing

    def _list(self, item: Callable[[], T]) -> list[T]:
        """Items by commas up to the closing parenthesis, which is taken too."""
        items = [item()]
        while self._take(","):
            items.append(item())
        self._expect(")")
        return items

    def _deeper_disjunction(self) -> Node:
        return self._deeper(self.disjunction)

    def _named(self) -> Node:
        token, follows = self._next, self._tokens[self._at + 1]
        word = token.word
        if word in WKT_WORDS and (follows.word in {"(", "empty"} or follows.word in DIMENSIONS):
            return self._geometry()
        self._step()
        if follows.word != "(":
            return Property(token.value)
        if word in {"date", "timestamp", "interval", "bbox"}:
            return self._literal(word)
        self._expect("(")
        operator = WORDS.get(word)
        item = self._element if operator is not None and operator.kind is Kind.ARRAY else self._deeper_disjunction
        args = () if self._take(")") else tuple(self._list(item))
        if operator is None:
            return Call(token.value, args)
        if len(args) != operator.least:
            raise FilterInvalid(f"{token.value} takes {operator.least} arguments, not {len(args)}", path=place_of(self._text, token.start))
        return Operation(operator.name, args)

    def _geometry(self) -> Node:
        where, first = self._where, self._step()
        while self._next.word in DIMENSIONS:
            self._step()
        if self._next.word == "(":
            self._at = self._closing[self._at]
        elif self._next.word != "empty":
            raise self._unexpected("( or EMPTY")
        last = self._step()
        return parse_wkt(self._text[first.start : last.end], where)

    def _literal(self, word: str) -> Node:
        where = place_of(self._text, self._tokens[self._at - 1].start)
        self._expect("(")
        if word == "bbox":
            return make_bbox(tuple(float(number.value) for number in self._list(self._signed_number)), where)
        if word == "interval":
            ends = self._list(self._interval_end)
            if len(ends) != 2:
                raise FilterInvalid(f"INTERVAL has {len(ends)} ends, not 2", path=where)
            return Interval(ends[0], ends[1])
        if self._next.kind != "text":
            raise self._unexpected("a text literal")
        value = self._step().value
        self._expect(")")
        return parse_date(value, where) if word == "date" else parse_timestamp(value, where)

    def _interval_end(self) -> Node:
        where = self._where
        return parse_end(self._step().value, where) if self._next.kind == "text" else self._primary()

    def _signed_number(self) -> Number:
        node = self._factor()
        if not isinstance(node, Number):
            raise FilterInvalid("BBOX takes numbers", path=self._where)
        return node

    def _storable(self, token: Token) -> str:
        if "\0" in token.value or any("\ud800" <= c <= "\udfff" for c in token.value):
            raise FilterInvalid("a text with NUL or half a surrogate pair", path=place_of(self._text, token.start))
        return token.value

    def _negated(self, negated: bool, node: Node) -> Node:
        return Operation("not", (node,)) if negated else node

    def _deeper(self, part: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > self._deepest:
            raise FilterInvalid(f"the filter nests deeper than {self._deepest}", path=self._where)
        node = part()
        self._depth -= 1
        return node

    def _take(self, word: str) -> bool:
        if self._next.word != word:
            return False
        self._at += 1
        return True

    def _step(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(word.upper())

    def _unexpected(self, wanted: str) -> FilterInvalid:
        found = "the end" if self._next.kind == "end" else repr(self._text[self._next.start : self._next.end])
        hint = "a property of that name goes into double quotes" if self._next.word in RESERVED else ""
        return FilterInvalid(f"{wanted} expected at {self._where}, found {found}", path=self._where, hint=hint)
