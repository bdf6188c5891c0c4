"""Reading the text of an expression into a tree. Knows the grammar, and nothing of columns."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from datagen.moment import parse_moment
from datagen.problems import did_you_mean, show
from datagen.records.expression.catalogue import COURSES, FORMER, FORMS, FUNCTIONS, LIVES
from datagen.records.expression.facets import Constant
from datagen.records.expression.function import Function
from datagen.records.expression.logic import Compare, Every, In, Missing, Not, Null, Some
from datagen.records.expression.name import called, former
from datagen.records.expression.node import Node
from datagen.records.expression.value import (
    Arithmetic,
    Call,
    Choice,
    Coalesce,
    Course,
    Former,
    Item,
    Key,
    Literal,
    Name,
)

_TOKEN = re.compile(
    r"""(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d]\w*(?:\.\w+)*)
    | `(?P<quoted>[^`]+)`
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<mark>==|!=|<=|>=|[=<>()\[\],+\-*/%?:.])""",
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(r"""\\([nt\\"'])""")
_ESCAPED = {"n": "\n", "t": "\t"}
_KEYWORDS = {"and", "or", "not", "in", "is", "null", "missing", "true", "false"}
_VALUES = {"true": True, "false": False, "null": None}
_COMPARISONS = ("=", "==", "!=", "<", "<=", ">", ">=")
_STANDS_UNDER = {
    "profile": "profiles",
    "incident": "incidents",
    "visits": "states",
    "free": "resources",
    "waiting": "resources",
}
_DEEPEST = 50
_MOST_DIGITS = 400


class ExpressionError(ValueError):
    """A text is no expression; ``at`` and the message say where it ceases to be one."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"{message} (character {at + 1} of the expression)")
        self.at = at


@dataclass(frozen=True)
class _Token:
    type: str  # number, name, keyword, quoted, text, mark or end
    text: str
    at: int


Meant = Callable[[str, str], str]  # of the key that parts of a spec stand under, and a name as it is written


def as_written(key: str, written: str) -> str:
    """Return a name as it is written: it means the same everywhere."""
    return written


def read(text: str, meant: Meant, zone: str | None) -> Node:
    """Read an expression, in which names mean parts of a spec, and functions of times a zone.

    Raises ExpressionError.
    """
    return _Parser(text, meant, zone).whole()


def _tokens(text: str) -> Iterator[_Token]:
    at = _after_space(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            end = "; its end is missing" if text[at] in "\"'`" else ""
            raise ExpressionError(f"{show(text[at])} is not understood{end}", at)
        type_ = str(match.lastgroup)
        found = match[type_]
        if type_ == "name" and found.lower() in _KEYWORDS:
            type_, found = "keyword", found.lower()
        yield _Token(type_, found, at)
        at = _after_space(text, match.end())
    yield _Token("end", "", at)


def _after_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


class _Parser:
    """Reads tokens from left to right; each method is one level of the grammar, the one that binds least first."""

    def __init__(self, text: str, meant: Meant, zone: str | None) -> None:
        self._meant, self._zone = meant, zone
        self._tokens = list(_tokens(text))
        self._index = 0
        self._depth = 0

    @property
    def _token(self) -> _Token:
        return self._tokens[self._index]

    def _is(self, *texts: str) -> bool:
        """Return whether the next token is one of some marks or keywords."""
        return self._token.type in ("keyword", "mark") and self._token.text in texts

    def _next(self) -> _Token:
        token = self._token
        self._index += 1
        return token

    def _take(self, *texts: str) -> _Token | None:
        """Take the next token if it is one of some marks or keywords; else return None."""
        return self._next() if self._is(*texts) else None

    def _expect(self, mark: str, where: str) -> None:
        if not self._take(mark):
            self._refuse(f"{mark} is expected {where}")

    def _refuse(self, expected: str) -> NoReturn:
        found = "the end" if self._token.type == "end" else show(self._token.text)
        raise ExpressionError(f"{expected}, found {found}", self._token.at)

    def _inside(self, level: Callable[[], Node]) -> Node:
        """Read what is inside something else; refuse to go so deep that Python's own limit would be reached."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(f"is nested more than {_DEEPEST} deep", self._token.at)
        node = level()
        self._depth -= 1
        return node

    def whole(self) -> Node:
        node = self._choice()
        if self._is(*_COMPARISONS, "in", "is"):
            raise ExpressionError("comparisons can't follow one another; put `and` between them", self._token.at)
        if self._token.type != "end":
            self._refuse("an operator, or the end, is expected")
        return node

    def _choice(self) -> Node:
        at = self._token.at
        cases = []
        node = self._some()
        while self._take("?"):
            value = self._inside(self._choice)
            self._expect(":", "between the two values of ?")
            cases.append((node, value))
            node = self._some()
        return Choice(at, tuple(cases), node) if cases else node

    def _some(self) -> Node:
        at = self._token.at
        nodes = [self._every()]
        while self._take("or"):
            nodes.append(self._every())
        return nodes[0] if len(nodes) == 1 else Some(at, tuple(nodes))

    def _every(self) -> Node:
        at = self._token.at
        nodes = [self._not()]
        while self._take("and"):
            nodes.append(self._not())
        return nodes[0] if len(nodes) == 1 else Every(at, tuple(nodes))

    def _not(self) -> Node:
        at = self._token.at
        count = 0
        while self._take("not"):
            count += 1
        node = self._comparison()
        for _ in range(count if count < 2 else 2 - count % 2):  # two only say that it is a condition
            node = Not(at, node)
        return node

    def _comparison(self) -> Node:
        left = self._sum()
        at = self._token.at
        if self._take("is"):
            return self._presence(left)
        if operator := self._take(*_COMPARISONS):
            right = self._sum()
            for side in (left, right):
                if isinstance(side, Literal) and side.value is None:
                    raise ExpressionError("a comparison with null is never true; write `is null`", side.at)
            return Compare(at, "=" if operator.text == "==" else operator.text, left, right)
        if self._take("not"):
            self._expect("in", "after `not`")
            return In(at, left, self._list(), negated=True)
        return In(at, left, self._list()) if self._take("in") else left

    def _presence(self, node: Node) -> Node:
        negated = self._take("not")
        if self._take("null"):
            found: Node = Null(node.at, node)
        elif self._take("missing"):
            found = self._missing(node)
        else:
            self._refuse("null or missing is expected after `is`")
        return Not(node.at, found) if negated else found

    def _missing(self, node: Node) -> Node:
        if not isinstance(node, Name) or isinstance(node, Course):
            raise ExpressionError("only a dimension can be missing", node.at)
        return Missing(node.at, node)

    def _list(self) -> tuple[Constant, ...]:
        """Read the constants of ``["a", "b"]``."""
        self._expect("[", "after `in`, with constants behind it")
        values = [self._constant()]
        while self._take(","):
            values.append(self._constant())
        self._expect("]", "at the end of the list")
        return tuple(values)

    def _constant(self) -> Constant:
        node = self._unary()
        if not isinstance(node, Literal) or node.value is None:
            raise ExpressionError("a number, a text, a time, true or false is expected", node.at)
        return node.value

    def _sum(self) -> Node:
        return self._chain(self._product, "+", "-")

    def _product(self) -> Node:
        return self._chain(self._unary, "*", "/", "%")

    def _chain(self, level: Callable[[], Node], *operators: str) -> Node:
        first = level()
        rest = []
        while operator := self._take(*operators):
            rest.append((operator.text, level()))
        return Arithmetic(first.at, first, tuple(rest)) if rest else first

    def _unary(self) -> Node:
        minus = self._take("-")
        if minus is None:
            return self._single()
        if self._token.type == "number":
            return Literal(minus.at, _number(self._next(), -1))
        return Arithmetic(minus.at, Literal(minus.at, 0), (("-", self._inside(self._unary)),))

    def _single(self) -> Node:
        node = self._first()
        while mark := self._take("[", "."):
            if mark.text == "[":
                node = Item(mark.at, node, self._inside(self._choice))
                self._expect("]", "behind the place of an item")
            elif self._token.type in ("name", "quoted"):
                token = self._next()
                for key in token.text.split(".") if token.type == "name" else [token.text]:
                    node = Key(mark.at, node, key)
            else:
                self._refuse("the name of a key is expected after .")
        return node

    def _first(self) -> Node:
        token = self._token
        if token.type == "number":
            return Literal(token.at, _number(self._next(), 1))
        if token.type == "text":
            return Literal(token.at, _text(self._next()))
        if token.type in ("name", "quoted"):
            self._next()
            return self._call(token) if token.type == "name" and self._is("(") else self._name(token)
        if self._is(*_VALUES):
            return Literal(token.at, _VALUES[self._next().text])
        if not self._take("("):
            self._refuse("a dimension, a constant, a function or ( is expected")
        node = self._inside(self._choice)
        self._expect(")", "to close the one before")
        return node

    def _name(self, token: _Token) -> Node:
        return Name(token.at, self._meant("shared", token.text))

    def _call(self, token: _Token) -> Node:
        """Read the arguments of a function, or of a form."""
        name = token.text
        if name not in (known := [*FUNCTIONS, *FORMS, *COURSES, FORMER, *LIVES]):
            raise ExpressionError(f"unknown function {show(name)}{did_you_mean(name, known)}", token.at)
        self._next()
        nodes = self._arguments(FUNCTIONS[name]) if name in FUNCTIONS else self._values(name == "coalesce")
        self._expect(")", f"at the end of {name}(…)")
        match name:
            case "exists":
                return Not(token.at, self._missing(nodes[0]))
            case "time":
                return _time(token.at, nodes[0])
            case "coalesce":
                return Coalesce(token.at, nodes)
            case "profile" | "incident" | "visits" | "free" | "waiting":
                return self._course(token.at, name, nodes[0])
            case "previous":
                return _former(token.at, nodes[0])
        return Call(token.at, FUNCTIONS[name], self._in_zone(FUNCTIONS[name], nodes))

    def _course(self, at: int, function: str, node: Node) -> Node:
        if not isinstance(node, Literal) or not isinstance(node.value, str):
            raise ExpressionError(f"{function}(…) takes a name in quotes", node.at)
        of = self._meant(_STANDS_UNDER[function], node.value)
        return Course(at, called(function, of), function, of)

    def _in_zone(self, function: Function, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        """Return the arguments of a function, with the zone that it reads where none is given."""
        lacks = self._zone is not None and function.in_zone and len(nodes) == len(function.takes) - 1
        return (*nodes, Literal(nodes[-1].at, self._zone)) if lacks else nodes

    def _values(self, several: bool) -> tuple[Node, ...]:
        nodes = [self._inside(self._choice)]
        while several and self._take(","):
            nodes.append(self._inside(self._choice))
        return tuple(nodes)

    def _arguments(self, function: Function) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while argument := function.argument(len(nodes)):
            if nodes and not self._take(","):
                if argument.optional:
                    break
                constant = ", with a constant behind it" if argument.constant else ""
                self._refuse(f", is expected in {function.name}(…){constant}")
            at = self._token.at
            if not argument.constant:
                nodes.append(self._inside(self._choice))
                continue
            value = self._constant()
            if problem := argument.problem(len(nodes), value):
                raise ExpressionError(f"{function.name}: {problem}", at)
            nodes.append(Literal(at, value))
        return tuple(nodes)


def _number(token: _Token, sign: int) -> int | float:
    if len(token.text) > _MOST_DIGITS:
        raise ExpressionError("a number has too many digits", token.at)
    number = int(token.text) if token.text.isdecimal() else float(token.text)
    if abs(number) > 1e308:
        raise ExpressionError("a number is too large", token.at)
    return sign * number


def _text(token: _Token) -> str:
    """Take the quotes off; a backslash before anything but n, t, a quote or a backslash stands for itself."""
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), token.text[1:-1])


def _former(at: int, node: Node) -> Node:
    if not isinstance(node, Name) or isinstance(node, Course | Former):
        raise ExpressionError("previous(…) takes a dimension of the record, or a key inside of one", node.at)
    return Former(at, former(node.name))


def _time(at: int, node: Node) -> Node:
    if not isinstance(node, Literal) or not isinstance(node.value, str):
        raise ExpressionError('time(…) takes a text such as "2001-12-20T13:13:12"', node.at)
    try:
        return Literal(at, parse_moment(node.value))
    except ValueError as error:
        raise ExpressionError(str(error), node.at) from error
