"""What brings a file through the workflow exactly once: conditional writes, proofs, counts, keys."""

from __future__ import annotations

from tests.mutations.guard import Guard

_TRACKING = "runtime/tracking.py"
_STORE = "runtime/object_store.py"
_FINALIZATION = "runtime/workflow/finalization.py"
_PROCESSING = "runtime/workflow/processing.py"
_PROOFS = "runtime/rows/proofs.py"
_KEYS = "runtime/keys.py"
_TEST_TRACKING = "tests/unit/runtime/test_tracking.py"
_TEST_STORE = "tests/unit/runtime/test_object_store.py"
_TEST_WORKFLOW = "tests/unit/runtime/workflow/test_workflow.py"
_TEST_PROOFS = "tests/unit/runtime/rows/test_proofs.py"
_TEST_KEYS = "tests/unit/runtime/test_keys.py"
_TEST_CHECK = "tests/unit/runtime/workflow/test_deployment_check.py"
_SWEEP = "runtime/workflow/sweep.py"
_LEFTOVERS = "runtime/workflow/leftovers.py"
_TEST_SWEEP = "tests/unit/runtime/workflow/test_sweep.py"
_TEST_LEFTOVERS = "tests/unit/runtime/workflow/test_leftovers.py"

GUARDS = (
    Guard(
        "register-once",
        _TRACKING,
        '"Item": _typed(item), "ConditionExpression": "attribute_not_exists(file_id)"}}\n        return item if',
        '"Item": _typed(item)}}\n        return item if',
        f"{_TEST_TRACKING}::test_a_file_is_registered_once",
    ),
    Guard(
        "lease",
        _TRACKING,
        " + lease_seconds,\n        }\n        event = self._event(item, None, {})",
        ",\n        }\n        event = self._event(item, None, {})",
        f"{_TEST_TRACKING}::test_a_file_is_registered_once",
    ),
    Guard(
        "transition-revision",
        _TRACKING,
        '"ConditionExpression": "revision = :revision AND attempt = :attempt"',
        '"ConditionExpression": "revision <> :revision OR attempt = :attempt"',
        f"{_TEST_TRACKING}::test_a_change_that_comes_between_is_seen_and_not_overwritten",
    ),
    Guard(
        "transition-attempt",
        _TRACKING,
        'if item["attempt"] != task.attempt:',
        'if item["attempt"] > task.attempt:',
        f"{_TEST_TRACKING}::test_an_older_attempt_changes_nothing",
    ),
    Guard(
        "transition-from-states",
        _TRACKING,
        'if item["file_status"] not in from_statuses:',
        "if not from_statuses:",
        f"{_TEST_TRACKING}::test_a_committed_file_cannot_fail",
    ),
    Guard(
        "transition-once",
        _TRACKING,
        'if item["file_status"] == to_status and to_status not in from_statuses:',
        'if item["file_status"] is None:',
        f"{_TEST_TRACKING}::test_a_transition_made_twice_is_made_once",
    ),
    Guard(
        "transition-event",
        _TRACKING,
        'if self._transact([put, self._put_event(self._event(changed, item["file_status"], detail or {}))]):',
        "if self._transact([put]):",
        f"{_TEST_TRACKING}::test_every_transition_leaves_one_event_with_its_time",
    ),
    Guard(
        "chunk-planned-once",
        _TRACKING,
        'ConditionExpression="attribute_not_exists(file_id) OR #plan < :plan"',
        'ConditionExpression="attribute_not_exists(file_id) OR #plan <= :plan"',
        f"{_TEST_TRACKING}::test_a_planned_chunk_that_exists_is_left_alone",
    ),
    Guard(
        "chunk-first-done-wins",
        _TRACKING,
        " AND NOT #status IN (:done, :misaligned)",
        " AND NOT #status IN (:misaligned) AND NOT #end = :done",
        f"{_TEST_TRACKING}::test_the_first_worker_to_finish_a_chunk_wins",
    ),
    Guard(
        "chunk-of-its-plan",
        _TRACKING,
        'condition = "#plan = :plan AND',
        'condition = "#plan >= :plan AND',
        f"{_TEST_TRACKING}::test_a_later_plan_replaces_a_chunk_and_the_earlier_one_is_too_late",
    ),
    Guard(
        "chunk-of-its-range",
        _TRACKING,
        "#end = :end AND",
        "#end <= :end AND",
        f"{_TEST_TRACKING}::test_what_was_read_must_be_what_was_planned",
    ),
    Guard(
        "refusal-is-no-blip",
        _TRACKING,
        'return AccessRefused(f"DynamoDB {operation} ({code})", self._table)',
        "return TrackingUnavailable(operation, code)",
        f"{_TEST_TRACKING}::test_dynamodbs_answers_become_errors_that_say_whether_to_try_again",
    ),
    Guard(
        "read-by-version",
        _STORE,
        "self._client.get_object(Bucket=ref.bucket, Key=ref.key, **_version(ref))",
        "self._client.get_object(Bucket=ref.bucket, Key=ref.key)",
        f"{_TEST_STORE}::test_reads_name_their_version_so_an_overwrite_is_not_seen",
    ),
    Guard(
        "copy-checked-before-deletion",
        _STORE,
        "        if not self._same(original, copy):\n            raise ReconciliationFailed(",
        "        if copy is None:\n            raise ReconciliationFailed(",
        f"{_TEST_STORE}::test_an_original_is_not_deleted_when_its_copy_differs",
    ),
    Guard(
        "delete-one-version",
        _STORE,
        'Key=ref.key, VersionId=ref.version_id or "null")',
        "Key=ref.key)",
        f"{_TEST_STORE}::test_a_move_takes_that_version_only_and_leaves_no_delete_marker",
    ),
    Guard(
        "proof-contiguous",
        _PROOFS,
        "if chunk.start != position or chunk.end <= chunk.start:",
        "if chunk.end <= chunk.start:",
        f"{_TEST_PROOFS}::test_ranges_that_leave_gaps_or_overlap_prove_nothing",
    ),
    Guard(
        "proof-to-the-end",
        _PROOFS,
        "if position != size:",
        "if position > size:",
        f"{_TEST_PROOFS}::test_ranges_that_leave_gaps_or_overlap_prove_nothing",
    ),
    Guard(
        "proof-aligned",
        _PROOFS,
        "next((chunk for chunk in chunks if not chunk.aligned), None)",
        "None",
        f"{_TEST_PROOFS}::test_first_broken_proof_sends_back_to_the_start_of_its_chunk",
    ),
    Guard(
        "reconcile-all-chunks",
        _FINALIZATION,
        'if unfinished or len(chunks) != item["chunks"]:',
        "if unfinished:",
        f"{_TEST_WORKFLOW}::test_a_chunk_that_is_not_done_fails_the_file",
    ),
    Guard(
        "reconcile-counts",
        _FINALIZATION,
        "if totals.rows_read != totals.rows_accepted + totals.rows_rejected:",
        "if totals.rows_read < totals.rows_accepted:",
        f"{_TEST_WORKFLOW}::test_counts_that_do_not_add_up_fail_the_file",
    ),
    Guard(
        "reconcile-footers",
        _FINALIZATION,
        'if rows != chunk["rows_accepted"]:',
        "if rows < 0:",
        f"{_TEST_WORKFLOW}::test_parquet_that_lost_a_row_fails_the_file",
    ),
    Guard(
        "commit-from-processing",
        _FINALIZATION,
        "FileStatus.COMMITTED, (FileStatus.PROCESSING,), attributes)",
        "FileStatus.COMMITTED, (FileStatus.PROCESSING, FileStatus.FAILED), attributes)",
        f"{_TEST_WORKFLOW}::test_a_file_that_fails_while_it_is_finalized_is_not_committed",
    ),
    Guard(
        "committed-goes-forward",
        "runtime/workflow/failure.py",
        'if item["file_status"] in (FileStatus.COMMITTED, FileStatus.SUCCEEDED):',
        'if item["file_status"] == FileStatus.SUCCEEDED:',
        f"{_TEST_WORKFLOW}::test_a_committed_file_rolls_forward_whoever_comes_next",
    ),
    Guard(
        "duplicate-event",
        "runtime/workflow/registration.py",
        'if item["execution"] != execution or item["file_status"] not in FileStatus.OPEN:',
        'if item["execution"] is None:',
        f"{_TEST_WORKFLOW}::test_a_duplicate_event_changes_nothing",
    ),
    Guard(
        "chunk-done-is-left",
        _PROCESSING,
        "    if not stage.tracking.start_chunk(chunk):\n        return\n",
        "    stage.tracking.start_chunk(chunk)\n",
        f"{_TEST_WORKFLOW}::test_a_finished_chunk_is_not_processed_again",
    ),
    Guard(
        "forged-source",
        _PROCESSING,
        'if chunk.source != text and ("decoded" in item or chunk.source != arrived):',
        "if not text.key:",
        "tests/hostile/test_forged.py::test_a_forged_message_changes_nothing",
    ),
    Guard(
        "forged-reading",
        _PROCESSING,
        'or chunk.reading_key != item["reading_key"] or',
        "or",
        "tests/hostile/test_forged.py::test_a_forged_message_changes_nothing",
    ),
    Guard(
        "forged-event",
        "runtime/models.py",
        'if event["detail-type"] != "Object Created":',
        'if not event["detail-type"]:',
        "tests/unit/runtime/test_models.py::test_a_forged_event_is_refused",
    ),
    Guard(
        "probe-unpublished",
        "runtime/workflow/outcome.py",
        '"publish": not is_reserved(item),',
        '"publish": True,',
        f"{_TEST_WORKFLOW}::test_a_probe_of_the_system_reaches_no_queue_no_topic_and_no_metric",
    ),
    Guard(
        "row-taken-for-a-header-unquoted",
        "runtime/errors.py",
        "if len(self.missing) == len(self.expected):",
        "if not self.expected:",
        "tests/unit/runtime/test_errors.py::test_a_first_line_that_may_be_a_row_is_not_quoted",
    ),
    Guard(
        "key-under-incoming",
        _KEYS,
        "if not key.startswith(INCOMING):",
        "if not key:",
        f"{_TEST_KEYS}::test_a_key_that_reaches_elsewhere_is_refused",
    ),
    Guard(
        "key-dot-segments",
        _KEYS,
        'if any(part in ("", ".", "..") for part in name.split("/")):',
        'if name == "":',
        f"{_TEST_KEYS}::test_a_key_that_reaches_elsewhere_is_refused",
    ),
    Guard(
        "key-partner-segment",
        _KEYS,
        "if segment is not None and not _SEGMENT.fullmatch(segment):",
        "if segment is not None and not _SEGMENT.match(segment):",
        f"{_TEST_KEYS}::test_a_key_that_reaches_elsewhere_is_refused",
    ),
    Guard(
        "key-control-characters",
        _KEYS,
        "if any(ord(character) < 32 or ord(character) == 127 for character in key):",
        "if key.isspace():",
        f"{_TEST_KEYS}::test_a_key_that_reaches_elsewhere_is_refused",
    ),
    Guard(
        "chunks-of-the-present-plan",
        _TRACKING,
        ' and (kept or chunk["plan"] == file["plan"])',
        "",
        f"{_TEST_TRACKING}::test_an_older_plans_chunks_are_not_the_files",
    ),
    Guard(
        "history-of-a-replaced-chunk",
        _TRACKING,
        '            **({"superseded": superseded(recorded)} if recorded else {}),\n',
        "",
        f"{_TEST_TRACKING}::test_what_an_older_plans_chunk_recorded_stays_on_the_trail",
    ),
    Guard(
        "refused-move-tried-again",
        "runtime/workflow/roll_forward.py",
        "return put_in_place(task, item, keys.PROCESSED, stage)",
        "return item",
        f"{_TEST_SWEEP}::test_an_original_whose_move_was_refused_is_moved_once_it_may_be",
    ),
    Guard(
        "sweep-leaves-what-runs",
        _SWEEP,
        'if ended.status != "RUNNING" and item and',
        "if item and",
        f"{_TEST_SWEEP}::test_a_file_that_is_on_record_is_not_lost_wherever_its_bytes_are",
    ),
    Guard(
        "sweep-looks-again",
        _SWEEP,
        ' and item and item["revision"] == listed["revision"]:',
        " and item:",
        f"{_TEST_SWEEP}::test_what_ended_while_the_sweep_looked_is_no_finding",
    ),
    Guard(
        "sweep-leaves-the-young",
        _SWEEP,
        "if one.modified <= self.now - self.min_age and not",
        "if not",
        f"{_TEST_SWEEP}::test_what_came_just_now_and_what_is_no_file_is_left_alone",
    ),
    Guard(
        "sweep-counts-lost-work-alone",
        _SWEEP,
        "[finding.kind] if finding.counted else []",
        "[finding.kind]",
        f"{_TEST_SWEEP}::test_a_probe_that_was_lost_is_sent_on_and_counts_in_no_metric",
    ),
    Guard(
        "leftovers-are-named-by-nothing",
        _LEFTOVERS,
        "(one for one in outputs if not _is_named(one.ref, named))",
        "outputs",
        f"{_TEST_LEFTOVERS}::test_what_a_failed_file_has_finished_stays_for_a_redrive",
    ),
    Guard(
        "leftovers-are-old",
        _LEFTOVERS,
        "[one for one in objects if one.modified <= self.now - MIN_AGE]",
        "objects",
        f"{_TEST_LEFTOVERS}::test_what_nothing_names_goes_and_all_else_stays",
    ),
    Guard(
        "leftovers-of-ended-files",
        _LEFTOVERS,
        'if item is not None and item["file_status"] in FileStatus.ENDED:',
        "if item is not None:",
        f"{_TEST_LEFTOVERS}::test_of_a_file_in_progress_nothing_is_removed",
    ),
    Guard(
        "leftovers-of-files-on-record",
        _LEFTOVERS,
        'if item is not None and item["file_status"] in FileStatus.ENDED:',
        'item = item or {"file_id": file_id, "file_status": FileStatus.FAILED}\n            if item["file_status"] in FileStatus.ENDED:',
        f"{_TEST_LEFTOVERS}::test_a_file_that_is_not_on_record_keeps_its_objects",
    ),
    Guard(
        "leftovers-are-in-no-commit-manifest",
        _LEFTOVERS,
        "                named.update(re.findall(",
        "                list(re.findall(",
        f"{_TEST_LEFTOVERS}::test_what_a_commit_manifest_names_stays_though_the_table_names_it_no_more",
    ),
    Guard(
        "leftovers-by-version",
        _LEFTOVERS,
        " and (not ref.key.endswith(keys.DECODED_NAME) or str(ref.version_id) in named)",
        "",
        f"{_TEST_LEFTOVERS}::test_of_decoded_texts_the_one_that_was_planned_stays_whichever_is_newest",
    ),
    Guard(
        "deployment-check-compares",
        "runtime/workflow/deployment_check.py",
        "problems = probe.count_differences(item)",
        "problems: list[str] = []",
        f"{_TEST_CHECK}::test_a_deployment_that_loses_a_row_is_refused_and_the_probe_is_kept_as_evidence",
    ),
    Guard(
        "deployment-check-gives-up",
        "runtime/workflow/deployment_check.py",
        'return [_found_instead(self.sent[-1], "a fault of what is deployed", fault)]',
        "self.sleep(_PAUSE_SECONDS)",
        f"{_TEST_CHECK}::test_a_fault_refuses_the_deployment_at_its_first_try",
    ),
)
