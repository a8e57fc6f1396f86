"""A branch's name as the suffix of its stage: bounded, plain, and another branch's never.

A branch is named by whoever may push, so its name goes nowhere but through here: a slug into names, a
label into a tag. Pure, without the CDK: the commands of :mod:`ops` find a branch's stage by the same rule.
"""

from __future__ import annotations

import hashlib
import re

#: Every suffix of a branch stage begins so, and no other name has it as a word: main's stages are out of reach by their names alone.
PREFIX = "br-"

_HASH_DIGITS = 8
_WORD_LENGTH = 7  # With dash and hash 16, with the prefix 19: within the 20 that a suffix may have.
_LABEL_LENGTH = 200

_SUFFIX = re.compile(r"br-(?:[a-z0-9](?:[a-z0-9-]{0,5}[a-z0-9])?-)?[0-9a-f]{8}")
#: ``etl-tracking-br-x-01234567``, ``/etl/br-x-01234567/chunk-bytes``, ``arn:…:etl-results-br-x-01234567.fifo``.
_NAMED = re.compile(rf"(?:^|[/:])etl[-/](?:.*?[-/])??({_SUFFIX.pattern})(?![a-z0-9-])")


class BranchRefused(Exception):
    """A name that no stage is made for; the message is one line."""

    def __init__(self, branch: str, reason: str) -> None:
        self.branch, self.reason = branch, reason
        super().__init__(f"branch {branch[:80]!a}: {reason}")


def digest(branch: str) -> str:
    """64 hex digits that stand for the exact name; raise BranchRefused for a name that has no UTF-8, or none at all."""
    if not branch:
        raise BranchRefused(branch, "the name is empty; name the branch as git does, such as feature/x")
    try:
        return hashlib.sha256(branch.encode("utf-8")).hexdigest()
    except UnicodeEncodeError as error:
        raise BranchRefused(branch, "the name is not UTF-8; rename the branch") from error


def slug(branch: str) -> str:
    """At most 16 of ``[a-z0-9-]``: a word of the name's last part for people, and always 8 hex of the exact name's hash.

    The hash is never left out: if only changed names had one, ``A`` and ``a-559aead0`` would meet.
    """
    code = digest(branch)[:_HASH_DIGITS]
    word = re.sub(r"[^a-z0-9]+", "-", branch.rpartition("/")[2].lower()).strip("-")[:_WORD_LENGTH].rstrip("-")
    return f"{word}-{code}" if word else code


def suffix(branch: str) -> str:
    """The suffix of the branch's stage."""
    return PREFIX + slug(branch)


def is_branch_suffix(text: str) -> bool:
    """True for what :func:`suffix` can return and for nothing else."""
    return _SUFFIX.fullmatch(text) is not None


def label(branch: str) -> str:
    """The name for people, as a tag's value: what tags do not take becomes an underscore."""
    return re.sub(r"[^A-Za-z0-9_.:/=+@-]", "_", branch)[:_LABEL_LENGTH]


def suffix_in(name: str) -> str | None:
    """The suffix of the branch's stage that a resource of that physical name (or ARN, or URL) belongs to.

    What comes before the suffix may be anything, for kinds of resources come and go: the settings keep the word out of main's names.
    """
    found = _NAMED.search(name)
    return found[1] if found else None
