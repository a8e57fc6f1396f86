"""From the name of a branch to the suffix of its stage: short, plain, and different for every branch.

Anyone who may push can choose a branch's name, so it is used only as made here: as a slug in names and as a
label in a tag. This module does not import the CDK, since :mod:`ops` uses it too.
"""

from __future__ import annotations

import hashlib
import re

#: Every suffix of a branch's stage begins with it, and no other name contains it, so that patterns for branches match no other stage.
PREFIX = "br-"

_HASH_DIGITS = 8
_WORD_LENGTH = 7  # With dash and hash 16, with the prefix 19: within the 20 that a suffix may have.
_LABEL_LENGTH = 200

_SUFFIX = re.compile(r"br-(?:[a-z0-9](?:[a-z0-9-]{0,5}[a-z0-9])?-)?[0-9a-f]{8}")
#: ``etl-tracking-br-x-01234567``, ``/etl/br-x-01234567/chunk-bytes``, ``arn:…:etl-results-br-x-01234567.fifo``.
_NAMED = re.compile(rf"(?:^|[/:])etl[-/](?:.*?[-/])??({_SUFFIX.pattern})(?![a-z0-9-])")


class BranchRefused(Exception):
    """A branch that cannot have a stage; the message is one line."""

    def __init__(self, branch: str, reason: str) -> None:
        self.branch, self.reason = branch, reason
        super().__init__(f"branch {branch[:80]!a}: {reason}")


def digest(branch: str) -> str:
    """SHA-256 of the exact name; raise BranchRefused for an empty name or one that is not UTF-8."""
    if not branch:
        raise BranchRefused(branch, "the name is empty; name the branch as git does, such as feature/x")
    try:
        return hashlib.sha256(branch.encode("utf-8")).hexdigest()
    except UnicodeEncodeError as error:
        raise BranchRefused(branch, "the name is not UTF-8; rename the branch") from error


def slug(branch: str) -> str:
    """At most 16 of ``[a-z0-9-]``: a word of the name's last part for people, and 8 hex digits of the exact name's hash.

    The hash is always there: if only changed names had it, ``A`` and ``a-559aead0`` would have the same slug.
    """
    code = digest(branch)[:_HASH_DIGITS]
    word = re.sub(r"[^a-z0-9]+", "-", branch.rpartition("/")[2].lower()).strip("-")[:_WORD_LENGTH].rstrip("-")
    return f"{word}-{code}" if word else code


def suffix(branch: str) -> str:
    """The suffix of the branch's stage."""
    return PREFIX + slug(branch)


def is_branch_suffix(text: str) -> bool:
    """True for every value that :func:`suffix` can return, and no other."""
    return _SUFFIX.fullmatch(text) is not None


def label(branch: str) -> str:
    """The name as a tag's value for people: characters that tags do not allow become underscores."""
    return re.sub(r"[^A-Za-z0-9_.:/=+@-]", "_", branch)[:_LABEL_LENGTH]


def suffix_in(name: str) -> str | None:
    """The suffix of a branch's stage in the physical name, ARN or URL of a resource; None if it belongs to no branch.

    Any kind of resource may come before the suffix; the settings refuse names of other stages that contain the prefix.
    """
    match = _NAMED.search(name)
    return match[1] if match else None
