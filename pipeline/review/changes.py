"""The changes that a deployment would make to a stack's resources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterator, Mapping

from pipeline.review.behaviour import HOLDS, PERHAPS, REPLACES, behaviour, given_name
from pipeline.templates import PropertyPath, Resource, Template, is_intrinsic, properties_of, references

REMOVED, REPLACED, MAY_BE_REPLACED, CHANGED, ADDED = "removed", "replaced", "may be replaced", "changed", "added"
#: Worst first.
KINDS = (REMOVED, REPLACED, MAY_BE_REPLACED, CHANGED, ADDED)

#: Attributes of a resource that change what CloudFormation does; the others only describe it.
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Condition")
_ABSENT = object()


@dataclass(frozen=True)
class Difference:
    """One property or attribute; ``before`` and ``after`` are None where absent. ``follows`` is a replaced resource that it refers to."""

    path: PropertyPath
    before: Any = None
    after: Any = None
    behaviour: str = ""
    follows: str | None = None


@dataclass(frozen=True)
class Change:
    """``loses`` says what data a removed or replaced resource takes with it; ``note`` is a further warning."""

    logical_id: str
    type: str
    kind: str
    differences: tuple[Difference, ...] = ()
    loses: str | None = None
    note: str = ""

    @property
    def rank(self) -> tuple[bool, int, str, str]:
        """Order of the review: what loses data first, then by kind."""
        return (self.loses is None, KINDS.index(self.kind), self.type, self.logical_id)


def compare(before: Template | None, after: Template) -> list[Change]:
    """Every change, the most serious first; *before* is None when nothing is deployed yet."""
    old = before.resources if before else {}
    changes = {name: Change(name, resource["Type"], REMOVED) for name, resource in old.items() if name not in after.resources}
    for name, resource in after.resources.items():
        change = _changed(name, old[name], resource) if name in old else Change(name, resource["Type"], ADDED)
        if change:
            changes[name] = change
    _follow(changes, after)
    explained = (_explained(change, old.get(name), after.resources.get(name)) for name, change in changes.items())
    return sorted(explained, key=lambda change: change.rank)


def _changed(name: str, old: Resource, new: Resource) -> Change | None:
    resource_type = new["Type"]
    if old["Type"] != resource_type:
        return Change(name, resource_type, REPLACED, (Difference(("Type",), old["Type"], resource_type, REPLACES),))
    differences = [
        replace(difference, behaviour=behaviour(resource_type, difference.path))
        for difference in _differences(properties_of(old), properties_of(new), ())
    ]
    differences += _differences(_attributes(old), _attributes(new), ())
    return Change(name, resource_type, _kind(differences), tuple(differences)) if differences else None


def _attributes(resource: Resource) -> dict[str, Any]:
    return {name: resource[name] for name in _ATTRIBUTES if name in resource}


def _kind(differences: list[Difference]) -> str:
    behaviours = {difference.behaviour for difference in differences}
    return REPLACED if REPLACES in behaviours else MAY_BE_REPLACED if PERHAPS in behaviours else CHANGED


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], path: PropertyPath) -> Iterator[Difference]:
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if before == after:
            continue
        both = isinstance(before, Mapping) and isinstance(after, Mapping) and not is_intrinsic(before) and not is_intrinsic(after)
        if both:
            yield from _differences(before, after, (*path, key))
        else:
            yield Difference((*path, key), *_apart(None if before is _ABSENT else before, None if after is _ABSENT else after))


def _apart(before: Any, after: Any) -> tuple[Any, Any]:
    """Of two lists, only the items that the other lacks; both lists whole if they differ only in order."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return before, after
    removed, added = [item for item in before if item not in after], [item for item in after if item not in before]
    return (removed, added) if removed or added else (before, after)


def _follow(changes: dict[str, Change], after: Template) -> None:
    """Add the resources that refer to a replaced one: they get another value, and may be replaced for it in turn."""
    followed: set[str] = set()
    while moved := {name for name, change in changes.items() if change.kind in (REPLACED, MAY_BE_REPLACED)} - followed:
        followed |= moved
        for name, resource in after.resources.items():
            followers = [(path, target) for path, target in references(resource) if target in moved]
            if followers and (name not in changes or changes[name].kind != ADDED):
                changes[name] = _following(changes.get(name) or Change(name, resource["Type"], CHANGED), followers)


def _following(change: Change, followers: list[tuple[PropertyPath, str]]) -> Change:
    differences = list(change.differences)
    for path, target in followers:
        # Never certain: the reference may keep its value, as that to a given name does.
        doubt = PERHAPS if behaviour(change.type, path) in (REPLACES, PERHAPS) else ""
        difference = Difference(path, behaviour=doubt, follows=target)
        if difference not in differences:
            differences.append(difference)
    kind = _kind(differences)
    return replace(change, kind=min(change.kind, kind, key=KINDS.index), differences=tuple(differences))


def _explained(change: Change, old: Resource | None, new: Resource | None) -> Change:
    if change.kind == REMOVED and old:
        kept = old.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
        note = "stays behind, outside of any stack" if kept else ""
        return replace(change, loses=None if kept else HOLDS.get(old["Type"]), note=note)
    if change.kind in (REPLACED, MAY_BE_REPLACED) and old and new:
        kept = new.get("UpdateReplacePolicy") == "Retain"
        return replace(change, loses=None if kept else HOLDS.get(old["Type"]), note=_name_note(change, old, new))
    return change


def _name_note(change: Change, old: Resource, new: Resource) -> str:
    name = given_name(new["Type"], properties_of(new))
    same_name = name is not None and name == given_name(old["Type"], properties_of(old))
    if change.kind == REPLACED and old["Type"] == new["Type"] and same_name:
        return "the deployment will fail: CloudFormation makes the new one first, and its name is taken; give it another name"
    return ""
