"""Where one can go in a graph, and in circles; in time that grows with its size, and without recursion."""

from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)
Graph = Mapping[Node, Sequence[Node]]  # where one can go from each node; what is no node itself leads nowhere


def reached(graph: Graph[Node], *first: Node) -> Iterator[Node]:
    """Yield the nodes that one can get to from some nodes, those included, the nearest first."""
    yield from _ways(graph, *first)


def circles(graph: Graph[Node]) -> Iterator[list[Node]]:
    """Yield a shortest circle from each group of nodes that all lead to one another, from its first node back to it."""
    order = {node: number for number, node in enumerate(graph)}
    for group in map(set, groups(graph)):
        first = min(group, key=order.__getitem__)
        ways = _ways({node: [other for other in graph[node] if other in group] for node in group}, first)
        last = next((node for node in ways if first in graph[node]), None)
        if last is not None:
            way = [last]
            while (before := ways[way[-1]]) is not None:
                way.append(before)
            yield [*reversed(way), first]


def _ways(graph: Graph[Node], *first: Node) -> dict[Node, Node | None]:
    """Return the nodes that one can get to, the nearest first, each with the one before it on the way."""
    found: dict[Node, Node | None] = dict.fromkeys(first)
    todo = deque(found)
    while todo:
        node = todo.popleft()
        for other in graph[node]:
            if other in graph and other not in found:
                found[other] = node
                todo.append(other)
    return found


def groups(graph: Graph[Node]) -> Iterator[list[Node]]:
    """Yield the groups of nodes that all lead to one another, each behind those that it leads to.

    They are the strongly connected components (R. Tarjan, Depth-first search and linear graph algorithms, 1972).
    """
    number: dict[Node, int] = {}
    lowest: dict[Node, int] = {}  # number of a node on the stack that can be got to
    stack: list[Node] = []
    for root in graph:
        path = [] if root in number else [(root, iter(graph[root]))]
        while path:
            node, others = path[-1]
            if node not in number:
                number[node] = lowest[node] = len(number)
                stack.append(node)
            for other in others:
                if other in graph and other not in number:
                    path.append((other, iter(graph[other])))
                    break
                lowest[node] = min(lowest[node], lowest.get(other, lowest[node]))
            else:
                path.pop()
                if path:
                    before = path[-1][0]
                    lowest[before] = min(lowest[before], lowest[node])
                if lowest[node] == number[node]:
                    group: list[Node] = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        del lowest[group[-1]]
                    yield group
