"""A COBOL copybook to the tree of its data descriptions, sized in bytes (docs/adr/0007, docs/mainframe.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence

from runtime.core.errors import CopybookInvalid
from runtime.formats.copybook.cobol import cut_off, sentences
from runtime.formats.copybook.descriptions import DISPLAY, DOUBLE, FILLER, PACKED, SINGLE, Condition, Description, Item, Sign, describe
from runtime.formats.copybook.pictures import MAX_CHARACTERS

MAX_ITEMS = 5000


def parse_copybook(lines: Sequence[str], origin: str) -> Item:
    """The record that *lines* describe: the item of level 01 or 77, or a group of what stands there without one.

    Raises CopybookInvalid with *origin*, the line and what to do.
    """
    try:
        return _parsed(lines, origin)
    except CopybookInvalid as error:
        found = cut_off(lines, error.line)
        if found is None:
            raise
        line, rest = found
        rule = f"{rest!r} stands after column 72 and is not read; break the line before it"
        raise CopybookInvalid(origin, line, lines[line - 1], rule) from error


def _parsed(lines: Sequence[str], origin: str) -> Item:
    descriptions = _with_conditions([describe(sentence, origin) for sentence in sentences(lines, origin)], origin)
    if not descriptions:
        raise CopybookInvalid(origin, 1, lines[0] if lines else "", "describes no item")
    if len(descriptions) > MAX_ITEMS:
        raise _refused(origin, descriptions[MAX_ITEMS].item, f"is past the {MAX_ITEMS:,} items that are read")
    first = descriptions[0].item
    roots, after = _siblings(descriptions, 0, first.level, None, origin)
    if after < len(descriptions):
        raise _refused(origin, descriptions[after].item, f"has a level below {first.level:02}, with which the record begins")
    if first.level in (1, 77):
        if len(roots) > 1:
            rule = "is a second record; a copybook describes one: join them by REDEFINES and say by record.select which is which"
            raise _refused(origin, roots[1], rule)
        return roots[0]
    return _sized(Item(1, FILLER, first.line, first.source, children=roots), origin)


def _refused(origin: str, item: Item, rule: str) -> CopybookInvalid:
    return CopybookInvalid(origin, item.line, item.source, f"{item.name} {rule}")


def _siblings(
    descriptions: Sequence[Description], at: int, level: int, parent: Description | None, origin: str
) -> tuple[tuple[Item, ...], int]:
    """The items of *level* from *at* on, with all below them, and where they end."""
    found: list[Item] = []
    while at < len(descriptions) and descriptions[at].item.level >= level:
        here = descriptions[at]
        if here.item.level != level:
            raise _refused(
                origin, here.item, f"has level {here.item.level:02}, which fits no group that is open; its neighbours have {level:02}"
            )
        here = _inheriting(here, parent)
        at += 1
        children: tuple[Item, ...] = ()
        if at < len(descriptions) and descriptions[at].item.level > level and level != 77:
            children, at = _siblings(descriptions, at, descriptions[at].item.level, here, origin)
        item = replace(here.item, children=children, usage=here.usage or DISPLAY, sign=here.sign or Sign())
        found.append(_sized(item, origin))
        _check_redefinition(found, origin)
    return tuple(found), at


def _inheriting(here: Description, parent: Description | None) -> Description:
    """USAGE and SIGN of a group are those of the items in it."""
    if parent is None:
        return here
    return Description(here.item, here.usage or parent.usage, here.sign or parent.sign)


def _sized(item: Item, origin: str) -> Item:
    """*item* with its length, once what it needs is there and fits together."""
    if item.children:
        if item.picture:
            raise _refused(origin, item, f"has a picture, and items below it ({item.children[0].name}); a group has no picture")
        if item.conditions:
            raise _refused(origin, item, "is a group with conditions (level 88); put them below an elementary item")
        length = sum(child.length * child.most for child in item.children if not child.redefines)
    elif item.usage in (SINGLE, DOUBLE):
        if item.picture:
            raise _refused(origin, item, f"is {item.usage}, which has no picture")
        length = 4 if item.usage == SINGLE else 8
    else:
        length = _picture_bytes(item, origin)
    if not 0 < length * item.most <= MAX_CHARACTERS:
        raise _refused(origin, item, f"takes {length * item.most:,} bytes, more than the {MAX_CHARACTERS:,} of the longest record")
    return replace(item, length=length)


def _picture_bytes(item: Item, origin: str) -> int:
    picture = item.picture
    if picture is None:
        raise _refused(origin, item, "has neither a picture nor items below it")
    if item.usage == DISPLAY:
        return picture.characters + (item.sign.separate and picture.signed)
    if not picture.digits:
        raise _refused(origin, item, f"is {item.usage}, but its picture {picture.text} is no number")
    if item.usage == PACKED:
        return picture.digits // 2 + 1
    if picture.digits > 18:
        raise _refused(origin, item, f"is {item.usage} with {picture.digits} digits; binary numbers have at most 18")
    return 2 if picture.digits <= 4 else 4 if picture.digits <= 9 else 8


def _check_redefinition(siblings: Sequence[Item], origin: str) -> None:
    """The last of *siblings* redefines the last one that has bytes of its own, and is no longer than it."""
    item = siblings[-1]
    if not item.redefines:
        return
    first = next((other for other in reversed(siblings[:-1]) if not other.redefines), None)
    if first is None or item.redefines not in [other.name for other in siblings[siblings.index(first) : -1]]:
        found = f"the item before it is {first.name}" if first else "no item is before it"
        raise _refused(origin, item, f"redefines {item.redefines}, but {found}; write it right behind what it redefines")
    if item.length * item.most > first.length * first.most:
        rule = f"takes {item.length * item.most} bytes, more than the {first.length * first.most} of {first.name}, which it redefines"
        raise _refused(origin, item, f"{rule}; put the longest description first")


def _with_conditions(parsed: Sequence[Description | Condition], origin: str) -> list[Description]:
    """The descriptions, each with the conditions that follow it."""
    items: list[Description] = []
    for each in parsed:
        if isinstance(each, Description):
            items.append(each)
        elif not items:
            raise CopybookInvalid(origin, each.line, each.source, f"condition {each.name} stands below no item")
        else:
            owner = items[-1]
            items[-1] = replace(owner, item=replace(owner.item, conditions=owner.item.conditions + each.values))
    return items
