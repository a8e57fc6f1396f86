"""Guards of operators' commands and of the delivery's builds: formulas, wrong rollbacks, other stages, a lost row."""

from __future__ import annotations

from tests.mutations.guard import Guard

_SPREADSHEET = "ops/spreadsheet.py"
_LOCK = "ops/branches/lock.py"
_TEST_SPREADSHEET = "tests/unit/ops/test_spreadsheet.py"
_TEST_ROLLBACK = "tests/unit/ops/test_rollback.py"
_TEST_LOCK = "tests/unit/ops/branches/test_lock.py"
_TEST_JOBS = "tests/unit/ops/test_jobs.py"
_TEST_COMPARE = "tests/unit/ops/test_compare.py"
_TEST_VALIDATION = "tests/unit/ops/test_validation.py"

GUARDS = (
    Guard(
        "formula-first-in-a-cell",
        _SPREADSHEET,
        r'_LIVE.sub(r"\1\2' + "'" + '", printable(text))',
        "printable(text)",
        f"{_TEST_SPREADSHEET}::test_formulas_are_defused_and_plain_text_is_left_alone",
    ),
    Guard(
        "formula-inside-a-cell",
        _SPREADSHEET,
        r'rf"(^|[,;|:\t])(',
        r'rf"(^)(',
        f"{_TEST_SPREADSHEET}::test_formulas_are_defused_and_plain_text_is_left_alone",
    ),
    Guard(
        "formula-full-width",
        _SPREADSHEET,
        r' + "\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"',
        "",
        f"{_TEST_SPREADSHEET}::test_formulas_are_defused_and_plain_text_is_left_alone",
    ),
    Guard(
        "terminal-escapes",
        "ops/terminal.py",
        "character if character.isprintable() else",
        "character if character else",
        "tests/unit/ops/test_terminal.py::test_text_from_a_file_cannot_drive_the_terminal",
    ),
    Guard(
        "rollback-record-untouched",
        "ops/validated.py",
        "if digest_of(template) != validated.template_sha256:",
        "if not template:",
        f"{_TEST_ROLLBACK}::test_a_template_that_was_changed_since_is_refused",
    ),
    Guard(
        "rollback-compared",
        "ops/rollback.py",
        "        self._compare(validated)\n",
        "",
        f"{_TEST_ROLLBACK}::test_a_rollback_that_does_not_reach_what_was_validated_says_why",
    ),
    Guard(
        "rollback-after-a-failed-validation",
        "buildspec/validate.sh",
        "ops rollback || back=$?",
        "true || back=$?",
        "tests/unit/buildspec/test_validate.py::test_a_failed_validation_rolls_back_and_stops_the_delivery",
    ),
    Guard(
        "failed-validation-stops-the-delivery",
        "buildspec/validate.sh",
        "fi\nexit 1",
        "fi\nexit 0",
        "tests/unit/buildspec/test_validate.py::test_a_failed_validation_rolls_back_and_stops_the_delivery",
    ),
    Guard(
        "validation-compares-values",
        "ops/validation/comparison.py",
        "return type(expected) is not type(actual) or expected != actual",
        "return type(expected) is not type(actual)",
        f"{_TEST_VALIDATION}::test_every_difference_is_named",
    ),
    Guard(
        "validation-compares-the-original",
        "ops/validation/comparison.py",
        "if found.original != probe.content:",
        "if not found.original:",
        f"{_TEST_VALIDATION}::test_a_damaged_original_is_named",
    ),
    Guard(
        "teardown-of-branches-only",
        "ops/branches/teardown.py",
        "        if not slugs.is_branch_suffix(suffix):\n            raise NotABranchStage(suffix)\n",
        "",
        "tests/unit/ops/branches/test_teardown.py::test_what_is_not_a_branchs_is_refused_before_anything_is_asked",
    ),
    Guard(
        "teardown-of-branches-buckets-only",
        "ops/branches/teardown.py",
        'if resource["ResourceType"] == "AWS::S3::Bucket" and slugs.suffix_in(name):',
        'if resource["ResourceType"] == "AWS::S3::Bucket":',
        "tests/unit/ops/branches/test_teardown.py::test_another_stages_bucket_is_not_emptied_even_if_a_stack_claims_it",
    ),
    Guard(
        "reaper-doubts-a-list-without-main",
        "ops/branches/reaper.py",
        "if self.base not in branches:",
        "if not branches:",
        "tests/unit/ops/branches/test_reaper.py::test_a_list_without_the_pipelines_own_branch_is_not_believed",
    ),
    Guard(
        "branch-lock-exclusive",
        _LOCK,
        "attribute_not_exists(stage) OR expires_at < :now OR holder = :holder",
        "attribute_not_exists(stage) OR expires_at > :now OR holder = :holder",
        f"{_TEST_LOCK}::test_a_second_build_is_kept_out_and_told_whose_stage_it_is",
    ),
    Guard(
        "branch-lock-of-its-holder",
        _LOCK,
        'Key={"stage": {"S": suffix}},\n                ConditionExpression="holder = :holder",',
        'Key={"stage": {"S": suffix}},\n                ConditionExpression="holder <> :holder OR holder = :holder",',
        f"{_TEST_LOCK}::test_a_lost_lock_is_not_renewed_and_not_released_over_its_new_holder",
    ),
    Guard(
        "suffix-of-branches-only",
        "pipeline/slugs.py",
        "_SUFFIX.fullmatch(text) is not None",
        "_SUFFIX.match(text) is not None",
        "tests/unit/ops/branches/test_teardown.py::test_what_is_not_a_branchs_is_refused_before_anything_is_asked",
    ),
    Guard(
        "extract-parts-hashed",
        "ops/audit/outputs.py",
        'if digest.hexdigest() != part["sha256"]:',
        'if len(digest.hexdigest()) != len(part["sha256"]):',
        f"{_TEST_JOBS}::test_an_extract_that_is_not_its_parts_is_named",
    ),
    Guard(
        "extract-parts-made-again",
        "ops/audit/reprocessing.py",
        "        or _extracts_difference(again, chunk)\n",
        "",
        f"{_TEST_JOBS}::test_an_extract_that_is_not_its_parts_is_named",
    ),
    Guard(
        "no-null-in-the-index-of-jobs",
        "runtime/aws/tracking.py",
        "if value is not None or name not in _INDEXED",
        "if name",
        f"{_TEST_JOBS}::test_the_index_of_jobs_has_files_alone_and_only_those_of_a_known_dataset",
    ),
    Guard(
        "known-defect-of-one-field",
        "ops/comparison/comparing.py",
        "KNOWN_DEFECT if all(kind == DEFECT",
        "KNOWN_DEFECT if any(kind == DEFECT",
        f"{_TEST_COMPARE}::test_a_known_defect_hides_no_other_difference_of_the_row",
    ),
    Guard(
        "known-defect-when-it-applies",
        "ops/comparison/known.py",
        "ours != Decimal(DEBIT_FOR_ZERO)",
        "ours != Decimal(0)",
        f"{_TEST_COMPARE}::test_a_wrong_debit_for_zero_is_no_known_defect",
    ),
    Guard(
        "comparison-finds-the-key-again",
        "ops/comparison/alignment.py",
        "(held[:LOOK_AHEAD, span] == unit[span]).all(axis=1)",
        "(held[:1, span] == unit[span]).all(axis=1)",
        f"{_TEST_COMPARE}::test_records_that_only_one_file_has_make_no_other_differ",
    ),
    Guard(
        "comparison-of-filler",
        "ops/comparison/fields.py",
        "differences.setdefault(row, []).append((FILLER, VALUE))",
        "differences.get(row, []).append((FILLER, VALUE))",
        f"{_TEST_COMPARE}::test_filler_is_compared_too",
    ),
)
