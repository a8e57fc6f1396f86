"""What a deployment would do to a stack's resources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterator, Mapping

from pipeline.review.behaviour import HOLDS, PERHAPS, REPLACES, Path, behaviour, given_name
from pipeline.review.template import Resource, Template, is_intrinsic

REMOVED, REPLACED, MAY_BE_REPLACED, CHANGED, ADDED = "removed", "replaced", "may be replaced", "changed", "added"
#: Worst first.
KINDS = (REMOVED, REPLACED, MAY_BE_REPLACED, CHANGED, ADDED)

_ABSENT = object()


@dataclass(frozen=True)
class Difference:
    """One property at *path*; ``before`` and ``after`` are None where it is absent. ``follows`` is a resource that it refers to."""

    path: Path
    before: Any = None
    after: Any = None
    behaviour: str = ""
    follows: str | None = None


@dataclass(frozen=True)
class Change:
    """``loses`` says what goes with a resource that is removed or replaced; ``note`` what a person must know beside that."""

    logical_id: str
    type: str
    kind: str
    differences: tuple[Difference, ...] = ()
    loses: str | None = None
    note: str = ""

    @property
    def rank(self) -> tuple[bool, int, str, str]:
        """What loses data comes first, then by kind."""
        return (self.loses is None, KINDS.index(self.kind), self.type, self.logical_id)


def compare(before: Template | None, after: Template) -> list[Change]:
    """Every change, the most serious first; *before* is None when nothing is deployed yet."""
    old = before.resources if before else {}
    found = {name: _removed(resource) for name, resource in old.items() if name not in after.resources}
    for name, resource in after.resources.items():
        change = _changed(old[name], resource) if name in old else Change(name, resource.type, ADDED)
        if change:
            found[name] = change
    _follow(found, after)
    return sorted((_explained(change, old.get(name), after.resources.get(name)) for name, change in found.items()), key=lambda c: c.rank)


def _removed(resource: Resource) -> Change:
    return Change(resource.logical_id, resource.type, REMOVED)


def _changed(old: Resource, new: Resource) -> Change | None:
    if old.type != new.type:
        types = Difference(("Type",), old.type, new.type, REPLACES)
        return Change(new.logical_id, new.type, REPLACED, (types,))
    differences = [replace(found, behaviour=behaviour(new.type, found.path)) for found in _differences(old.properties, new.properties, ())]
    differences += _differences(old.attributes, new.attributes, ())
    return Change(new.logical_id, new.type, _kind(differences), tuple(differences)) if differences else None


def _kind(differences: list[Difference]) -> str:
    behaviours = {found.behaviour for found in differences}
    return REPLACED if REPLACES in behaviours else MAY_BE_REPLACED if PERHAPS in behaviours else CHANGED


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], path: Path) -> Iterator[Difference]:
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
    """Of two lists, only the items that the other lacks, unless they differ in order alone."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return before, after
    gone, come = [item for item in before if item not in after], [item for item in after if item not in before]
    return (gone, come) if gone or come else (before, after)


def _follow(found: dict[str, Change], after: Template) -> None:
    """Whoever refers to a resource that is replaced sees another value, and may be replaced for it in turn."""
    followed: set[str] = set()
    while moved := {name for name, change in found.items() if change.kind in (REPLACED, MAY_BE_REPLACED)} - followed:
        followed |= moved
        for resource in after.resources.values():
            followers = [(path, target) for path, target in resource.references() if target in moved]
            if followers and (resource.logical_id not in found or found[resource.logical_id].kind != ADDED):
                found[resource.logical_id] = _following(found.get(resource.logical_id), resource, followers)


def _following(known: Change | None, resource: Resource, followers: list[tuple[Path, str]]) -> Change:
    change = known or Change(resource.logical_id, resource.type, CHANGED)
    differences = list(change.differences)
    for path, target in followers:
        # A reference that is followed may turn out equal: a name that was given stays. So this is never certain.
        doubt = PERHAPS if behaviour(resource.type, path) in (REPLACES, PERHAPS) else ""
        difference = Difference(path, behaviour=doubt, follows=target)
        if difference not in differences:
            differences.append(difference)
    kind = _kind(differences)
    return replace(change, kind=min(change.kind, kind, key=KINDS.index), differences=tuple(differences))


def _explained(change: Change, old: Resource | None, new: Resource | None) -> Change:
    if change.kind == REMOVED and old:
        kept = old.attributes.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
        note = "stays behind, outside of any stack" if kept else ""
        return replace(change, loses=None if kept else HOLDS.get(old.type), note=note)
    if change.kind in (REPLACED, MAY_BE_REPLACED) and old and new:
        kept = new.attributes.get("UpdateReplacePolicy") == "Retain"
        return replace(change, loses=None if kept else HOLDS.get(old.type), note=_name_note(change, old, new))
    return change


def _name_note(change: Change, old: Resource, new: Resource) -> str:
    name = given_name(new.type, new.properties)
    if change.kind == REPLACED and old.type == new.type and name is not None and name == given_name(old.type, old.properties):
        return "the deployment will fail: CloudFormation makes the new one first, and its name is taken; give it another name"
    return ""
