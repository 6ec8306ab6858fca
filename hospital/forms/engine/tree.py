"""The answers laid over the questionnaire: one node per question and per instance of a repeating group."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .definition import Definition, Item, ItemType, Json


@dataclass(slots=True, eq=False)
class Node:
    """One item as it stands in one response. `name` is that of its field in a page: `i4`, or `i7-1.i9` for the
    question i9 in the second instance of the repeating group i7. `answers` are value[x] objects without `item`."""

    item: Item
    name: str
    parent: "Node | None"
    siblings: list["Node"]  # the list it stands in: children of its parent, or the roots
    answers: list[Json] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    enabled: bool = True

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield from node.walk()


def grow(definition: Definition, answers: list[Json], *, more: frozenset[str] = frozenset()) -> list[Node]:
    """Nodes of every item, answered or not; a repeating group has one instance at least, and one more when its name
    is in `more`. What doesn't fit the questionnaire is left out: refusing it is for validation."""
    roots: list[Node] = []
    _grow(definition.items, answers, "", None, roots, more)
    return roots


def _grow(
    items: tuple[Item, ...], answers: Any, prefix: str, parent: Node | None, into: list[Node], more: frozenset[str]
) -> None:
    given: dict[str, list[Json]] = {}
    for raw in answers if isinstance(answers, list) else []:
        if isinstance(raw, dict):
            given.setdefault(str(raw.get("linkId")), []).append(raw)
    for item in items:
        name = prefix + item.key
        found = given.get(item.link_id, [])
        if item.type is ItemType.GROUP:
            found = found or [{}]
            count = len(found) + (name in more) if item.repeats else 1
            for n in range(count):
                raw = found[n] if n < len(found) else {}
                own = f"{name}-{n}" if item.repeats else name
                node = Node(item, own, parent, into)
                into.append(node)
                inner = f"{own}." if item.repeats else prefix
                _grow(item.items, raw.get("item"), inner, node, node.children, more)
            continue
        node = Node(item, name, parent, into)
        into.append(node)
        below: Any = []
        for raw in found[:1]:
            values = [a for a in raw.get("answer") or [] if isinstance(a, dict)]
            node.answers = [{k: v for k, v in a.items() if k != "item"} for a in values]
            below = [child for a in values for child in a.get("item") or []] or raw.get("item")
        _grow(item.items, below, prefix, node, node.children, more)


def gather(nodes: Iterable[Node], *, only_enabled: bool) -> list[Json]:
    """The `item` list of a QuestionnaireResponse: answered questions with the text that was asked, in house order."""
    items: list[Json] = []
    for node in nodes:
        if only_enabled and not node.enabled:
            continue
        below = gather(node.children, only_enabled=only_enabled)
        made: Json = {"linkId": node.item.link_id}
        if node.item.text:
            made["text"] = node.item.text
        if node.item.type is ItemType.GROUP:
            if below:
                items.append({**made, "item": below})
        elif node.answers:
            first, *rest = node.answers
            items.append({**made, "answer": [{**first, "item": below} if below else first, *rest]})
    return items
