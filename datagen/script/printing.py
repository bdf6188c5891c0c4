"""Which templates print nothing but values of records and what follows from them, so that none has to be looked at."""

from collections.abc import Collection, Sequence

from jinja2 import nodes

# Nodes and filters that make what can be printed of what can be.
_OF_PARTS = (
    nodes.BinExpr,
    nodes.Compare,
    nodes.Concat,
    nodes.CondExpr,
    nodes.Filter,
    nodes.Keyword,
    nodes.Operand,
    nodes.UnaryExpr,
)
_FILTERS = frozenset(
    ("default", "float", "format", "int", "length", "lower", "replace", "round", "title", "trim", "upper")
)
_NAMING = (nodes.Macro, nodes.Import, nodes.FromImport)  # that give names without a node of their own
_ELSEWHERE = (nodes.Include, nodes.Extends, nodes.Block)


def prints_values(body: Sequence[nodes.Node], names: Collection[str]) -> bool:
    """Return whether all that a template prints follows from some names, which have values of records."""
    tree = nodes.Template(list(body))
    if any(True for _ in tree.find_all((*_NAMING, *_ELSEWHERE))):
        return False
    given = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    values = frozenset(names) - given
    return all(_is_value(part, values) for output in tree.find_all(nodes.Output) for part in output.nodes)


def _is_value(node: nodes.Node, values: Collection[str]) -> bool:
    match node:
        case nodes.TemplateData() | nodes.Const() | nodes.Test():
            return True
        case nodes.Name():
            return node.name in values
        case nodes.Filter() if node.name not in _FILTERS:
            return False
    return isinstance(node, _OF_PARTS) and all(_is_value(child, values) for child in node.iter_child_nodes())
