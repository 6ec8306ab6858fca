"""The small language of calculated scores: numbers, + - * /, and a few functions over the answers' weights.

    sum("q1", "q2")            all must be answered, or the result is unknown; a group's linkId stands for its questions
    sum_answered("g")          of those that are answered; unknown when none is
    mean("g", at_least=8)      mean of the answered ones, unknown when fewer than `at_least` are
    most("skin", "fatigue")    the highest, least(...) the lowest, of those that are answered
    count("g")                 how many are answered
    value("weight")            one number
    round(x, 1)                half up
    table("T", x)              look up in a score table of the questionnaire

The weight of a choice is the ordinalValue of its option; of a number, the number itself. Unknown stays unknown through
every operation; dividing by zero gives unknown. Nothing else of Python is reachable.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation

Weights = Callable[[str], list[Decimal | None]]  # linkId -> one weight per question it stands for; None: not answered
Tables = Mapping[str, Mapping[Decimal, Decimal]]

_OVER_LINKS = frozenset({"sum", "sum_answered", "mean", "most", "least", "count", "value"})
_FUNCTIONS = _OVER_LINKS | {"round", "table"}
MAX_LENGTH = 2000


class ExpressionError(Exception):
    """The expression isn't of the language."""


@dataclass(frozen=True, slots=True)
class Expression:
    text: str
    tree: ast.expr
    links: tuple[str, ...]
    tables: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> "Expression":
        """Raises ExpressionError for anything outside the language."""
        if not text.strip() or len(text) > MAX_LENGTH:
            raise ExpressionError(f"an expression has 1 to {MAX_LENGTH} characters")
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ExpressionError(f"the expression can't be read: {text}") from error
        links: list[str] = []
        tables: list[str] = []
        _check(tree, links, tables)
        return cls(text.strip(), tree, tuple(links), tuple(tables))

    def value(self, weights: Weights, tables: Tables) -> Decimal | None:
        """The number, or None when answers it needs are missing."""
        try:
            return _Evaluation(weights, tables).number(self.tree)
        except (DivisionByZero, InvalidOperation):
            return None


def _check(node: ast.expr, links: list[str], tables: list[str]) -> None:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.UnaryOp(op=ast.USub()):
            _check(node.operand, links, tables)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
            _check(node.left, links, tables)
            _check(node.right, links, tables)
        case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
            _check_call(node, name, links, tables)
        case _:
            raise ExpressionError(f"not part of the score language: {ast.unparse(node)[:80]}")


def _check_call(node: ast.Call, name: str, links: list[str], tables: list[str]) -> None:
    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    keywords = {k.arg for k in node.keywords}
    if keywords - ({"at_least"} if name == "mean" else set()):
        raise ExpressionError(f"{name}() takes no such argument")
    if any(not (isinstance(k.value, ast.Constant) and isinstance(k.value.value, int)) for k in node.keywords):
        raise ExpressionError("at_least must be a whole number")
    if name in _OVER_LINKS:
        if not texts or len(texts) != len(node.args) or (name == "value" and len(texts) != 1):
            raise ExpressionError(f'{name}() takes linkIds in quotes, like {name}("q1")')
        links.extend(texts)
    elif name == "round":
        digits = node.args[1] if len(node.args) == 2 else None
        if len(node.args) not in (1, 2) or (digits and not isinstance(getattr(digits, "value", None), int)):
            raise ExpressionError("round() takes a number and how many decimals")
        _check(node.args[0], links, tables)
    else:
        if len(node.args) != 2 or len(texts) != 1 or node.args[0] is node.args[1]:
            raise ExpressionError('table() takes a name in quotes and a number, like table("T", value("q1"))')
        tables.append(texts[0])
        _check(node.args[1], links, tables)


class _Evaluation:
    def __init__(self, weights: Weights, tables: Tables) -> None:
        self.weights, self.tables = weights, tables

    def number(self, node: ast.expr) -> Decimal | None:
        match node:
            case ast.Constant(value=value):
                return Decimal(str(value))
            case ast.UnaryOp(operand=operand):
                inner = self.number(operand)
                return None if inner is None else -inner
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(op, self.number(left), self.number(right))
            case ast.Call(func=ast.Name(id=name)):
                return self._call(node, name)
        raise AssertionError("checked when it was read")

    @staticmethod
    def _operation(op: ast.operator, left: Decimal | None, right: Decimal | None) -> Decimal | None:
        if left is None or right is None:
            return None
        match op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
        return left / right

    def _call(self, node: ast.Call, name: str) -> Decimal | None:
        if name == "round":
            return self._round(node)
        if name == "table":
            raw = self.number(node.args[1])
            return None if raw is None else self.tables[str(getattr(node.args[0], "value", ""))].get(raw)
        found = [w for arg in node.args for w in self.weights(str(getattr(arg, "value", "")))]
        known = [w for w in found if w is not None]
        match name:
            case "count":
                return Decimal(len(known))
            case "sum" | "value":
                return sum(known, Decimal(0)) if found and len(known) == len(found) else None
        if len(known) < max(1, self._at_least(node)):
            return None
        match name:
            case "sum_answered":
                return sum(known, Decimal(0))
            case "most":
                return max(known)
            case "least":
                return min(known)
        return sum(known, Decimal(0)) / len(known)

    @staticmethod
    def _at_least(node: ast.Call) -> int:
        return next((int(getattr(k.value, "value", 0)) for k in node.keywords), 0)

    def _round(self, node: ast.Call) -> Decimal | None:
        number = self.number(node.args[0])
        digits = int(getattr(node.args[1], "value", 0)) if len(node.args) == 2 else 0
        return None if number is None else number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
