"""Finding one's way in a template, and putting something else in the place of what is found."""

import re
from collections.abc import Callable, Iterator
from typing import Any

Template = dict[str, Any]
_SECTIONS = ("Resources", "Outputs")


def resources(template: Template, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the resources of these types: their logical ids and their properties."""
    for name, resource in template["Resources"].items():
        if resource["Type"] in types:
            yield name, resource.setdefault("Properties", {})


def refer_elsewhere(template: Template, references: dict[tuple[str, str], Any]) -> None:
    """Put something else wherever a template refers to these: (logical id, attribute), or (logical id, "") for `Ref`."""

    def by(node: dict[str, Any]) -> Any:
        match node:
            case {"Ref": str(name)}:
                return references.get((name, ""), node)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return references.get((name, attribute), node)
        return node

    for section in _SECTIONS:
        template[section] = _replaced(template.get(section, {}), by)


def drop(template: Template, dropped: set[str]) -> None:
    """Leave resources out; where others refer to them stands that they are not emulated."""
    template["Resources"] = {name: one for name, one in template["Resources"].items() if name not in dropped}
    for resource in template["Resources"].values():
        wanted = resource.pop("DependsOn", [])
        if left := sorted({*([wanted] if isinstance(wanted, str) else wanted)} - dropped):
            resource["DependsOn"] = left

    def by(node: dict[str, Any]) -> Any:
        match node:
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]} if name in dropped:
                return f"{name}-is-not-emulated"
        return node

    for section in _SECTIONS:
        template[section] = _replaced(template.get(section, {}), by)


def owners(node: Any) -> Iterator[str]:
    """Return whose attributes a node has in it: logical ids."""
    match node:
        case {"Fn::GetAtt": [str(name), _]}:
            yield name
        case dict():
            yield from (name for one in node.values() for name in owners(one))
        case list():
            yield from (name for one in node for name in owners(one))


def without(node: Any, pattern: re.Pattern[str]) -> Any:
    """Return a node without what matches in its texts."""
    if isinstance(node, str):
        return pattern.sub("", node)
    if isinstance(node, list):
        return [without(one, pattern) for one in node]
    return {key: without(one, pattern) for key, one in node.items()} if isinstance(node, dict) else node


def _replaced(node: Any, by: Callable[[dict[str, Any]], Any]) -> Any:
    """Return a node with each object in it as `by` returns it, from the leaves up."""
    if isinstance(node, list):
        return [_replaced(one, by) for one in node]
    if isinstance(node, dict):
        return by({key: _replaced(one, by) for key, one in node.items()})
    return node
