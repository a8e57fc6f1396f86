"""What the repository has is asked of git (D6)."""

from __future__ import annotations

import pytest

from ops.branches.errors import BranchListDoubtful
from ops.branches.repository import Repository, by_suffix, parse
from pipeline import slugs


def test_branches_are_those_of_the_repository_and_tags_are_none(git, repository):
    commit = git.update("refs/heads/feature/x")
    git.update("refs/tags/v1")
    git.update("refs/pull/7/head")
    assert set(repository.branches()) == {"main", "feature/x"}
    assert repository.branches()["feature/x"] == commit


def test_a_repository_that_does_not_answer_has_not_lost_its_branches(tmp_path):
    with pytest.raises(BranchListDoubtful, match=r"nothing was removed"):
        Repository(str(tmp_path / "none.git")).branches()


def test_a_repository_without_branches_is_not_believed(git, repository):
    git.delete("refs/heads/main")
    with pytest.raises(BranchListDoubtful, match="none at all"):
        repository.branches()


def test_a_url_that_looks_like_an_option_is_none(tmp_path):
    with pytest.raises(BranchListDoubtful):
        Repository(f"--upload-pack=touch {tmp_path}/pwned;").branches()
    assert not (tmp_path / "pwned").exists()


def test_a_closed_pull_request_is_of_the_branch_whose_head_it_is(git, repository):
    git.point("refs/pull/7/head", git.update("refs/heads/feature/x"))
    git.update("refs/pull/8/head")
    assert repository.is_head_of_pull_request("feature/x", 7)
    assert not repository.is_head_of_pull_request("feature/x", 8), "a fork's branch of that name"
    assert not repository.is_head_of_pull_request("feature/y", 7)
    assert not repository.is_head_of_pull_request("feature/y", 9), "neither is there"


def test_names_that_are_no_utf8_are_kept_apart_and_have_no_stage():
    listing = b"1111\trefs/heads/caf\xe9\n2222\trefs/heads/caf\xc3\xa9\n3333\trefs/heads/a b'$(x)\n"
    refs = parse(listing)
    assert len(refs) == 3
    branches = [ref.removeprefix("refs/heads/") for ref in refs]
    assert by_suffix(branches) == {slugs.suffix("café"): "café", slugs.suffix("a b'$(x)"): "a b'$(x)"}
