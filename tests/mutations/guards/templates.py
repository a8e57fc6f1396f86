"""Guards of a deployed stage: denials, encryption, TLS, access, retries, alarms, lifecycle."""

from __future__ import annotations

from tests.mutations.guard import Guard

_GUARDRAILS = "etl/guardrails.py"
_STORAGE = "etl/storage.py"
_RETRIES = "etl/retries.py"
_ALARMS = "etl/monitoring/alarms.py"
_OUTCOMES = "etl/outcomes.py"
_RULE = "tests/infrastructure/test_rules.py::test_every_template_keeps_the_rule[synthesis-"
_STORES = "tests/infrastructure/test_stores.py"
_WORKFLOW = "tests/infrastructure/test_workflow.py"
_VERSIONED = "versioned=True,\n            encryption=s3.BucketEncryption.S3_MANAGED,\n"
_PRIVATE = "block_public_access=s3.BlockPublicAccess.BLOCK_ALL,\n            "
_OWNED = "object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,\n            "
_DUTY = "tests/infrastructure/test_permissions.py::test_a_function_may_do_its_duty_and_nothing_else"
_RAISED = "tests/infrastructure/test_monitoring.py::test_these_things_raise_an_alarm"


def _alarm(anchor: str, after: str = "") -> Guard:
    """An alarm that is called something else is not there. *after* is what tells its name from a queue's."""
    return Guard(f"alarm-{anchor}", _ALARMS, f'"{anchor}",{after}', f'"other-{anchor}",{after}', _RAISED)


_ALARM_ANCHORS = (
    "files-swept", "workflow-failed", "workflow-timed-out", "workflow-aborted", "workflow-slow",
    "function-errors", "function-throttles", "function-slow", "memory-high",
    "rejected-rows", "unsuccessful-files", "queue-depth", "queue-age", "table-throttles", "rule-failed",
)  # fmt: skip

GUARDS = (
    Guard(
        "deny-deletion",
        _GUARDRAILS,
        'DENIED = ("s3:DeleteBucket", "dynamodb:DeleteTable")',
        'DENIED = ("s3:DeleteBucket",)',
        f"{_RULE}roles_deny_deletion]",
    ),
    Guard(
        "deny-log-groups",
        _GUARDRAILS,
        'DENIED_TO_LOGGERS = ("logs:CreateLogGroup",)',
        'DENIED_TO_LOGGERS = ("logs:Nothing",)',
        f"{_RULE}roles_deny_deletion]",
    ),
    Guard(
        "deny-log-groups-to-builds",
        _GUARDRAILS,
        'LOGGERS = ("lambda.amazonaws.com", "codebuild.amazonaws.com")',
        'LOGGERS = ("lambda.amazonaws.com",)',
        f"{_RULE}roles_deny_deletion]",
    ),
    Guard(
        "outputs-that-an-action-has-room-for",
        "pipeline/validation.py",
        "stage.etl.outputs[name] for name in PASSED_ON",
        "stage.etl.outputs[name] for name in stage.etl.outputs",
        f"{_RULE}actions_are_short_enough]",
    ),
    Guard(
        "providers-may-trace",
        _GUARDRAILS,
        'TRACES = ("xray:PutTraceSegments", ',
        'TRACES = ("xray:Nothing", ',
        f"{_RULE}functions_are_sized_and_traced]",
    ),
    Guard(
        "delivery-of-its-attempt",
        "etl/workflow.py",
        'condition_expression="attempt = :attempt"',
        'condition_expression="attempt <= :attempt"',
        f"{_WORKFLOW}::test_a_delivery_is_noted_of_the_attempt_that_it_tells_of",
    ),
    Guard(
        "plan-is-read-again",
        "etl/workflow.py",
        'chunks.add_retry(errors=["States.ItemReaderFailed"], **BACKOFF)',
        "chunks.node.id",
        f"{_WORKFLOW}::test_the_map_is_tried_again_where_its_plan_could_not_be_read_and_for_nothing_else",
    ),
    Guard(
        "archives-refused",
        _STORAGE,
        'ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")',
        'ARCHIVES = ("GLACIER",)',
        f"{_STORES}::test_an_object_that_the_stage_could_not_read_does_not_get_in",
    ),
    Guard(
        "sweep-settles-notes-alone",
        "etl/functions.py",
        "[self._table.table_arn], notes)",
        "[self._table.table_arn])",
        "tests/infrastructure/test_permissions.py::test_the_sweep_may_look_start_the_workflow_and_remove_outputs",
    ),
    Guard(
        "services-act-for-an-account",
        "pipeline/gates/iam/checks.py",
        "    any_source,\n    roles_by_pattern,\n",
        "    roles_by_pattern,\n",
        "tests/infrastructure/test_iam_lint.py::test_a_service_that_may_act_for_anybody_is_found",
    ),
    Guard("tags", _GUARDRAILS, "        Tags.of(scope).add(key, value)\n", "        Tags.of(scope)\n", f"{_RULE}resources_are_tagged]"),
    Guard(
        "nothing-retained",
        _GUARDRAILS,
        "Names(suffix), Destroyable()):",
        "Names(suffix)):",
        "tests/infrastructure/test_app.py::test_what_a_construct_would_keep_is_destroyed_all_the_same",
    ),
    Guard(
        "bucket-tls",
        _STORAGE,
        f"{_VERSIONED}            enforce_ssl=True,\n            minimum_tls_version=1.2,\n",
        _VERSIONED,
        f"{_RULE}plain_http_is_refused]",
    ),
    Guard(
        "bucket-public-access",
        _STORAGE,
        f"{_PRIVATE}{_OWNED}lifecycle_rules=_lifecycle(),",
        f"{_OWNED}lifecycle_rules=_lifecycle(),",
        f"{_RULE}buckets_are_private]",
    ),
    Guard(
        "bucket-versions",
        _STORAGE,
        "versioned=True",
        "versioned=False",
        f"{_STORES}::test_the_data_bucket_keeps_versions_encrypts_and_logs_access",
    ),
    Guard(
        "bucket-foreign-keys",
        _STORAGE,
        "        self._refuse_unreadable()\n",
        "",
        f"{_STORES}::test_an_object_that_the_stage_could_not_read_does_not_get_in",
    ),
    Guard(
        "glacier-after-30-days",
        _STORAGE,
        "PROCESSED_TO_GLACIER = 30",
        "PROCESSED_TO_GLACIER = 90",
        f"{_STORES}::test_processed_files_go_to_glacier_after_30_days_and_the_rest_expires",
    ),
    Guard(
        "queue-tls",
        _OUTCOMES,
        "            enforce_ssl=True,\n            retention_period",
        "            retention_period",
        f"{_RULE}plain_http_is_refused]",
    ),
    Guard("topic-tls", _OUTCOMES, "master_key=self.key, enforce_ssl=True)", "master_key=self.key)", f"{_RULE}plain_http_is_refused]"),
    Guard("key-rotation", _OUTCOMES, "enable_key_rotation=True", "enable_key_rotation=False", f"{_RULE}stores_are_encrypted]"),
    Guard(
        "table-recovery",
        "etl/tracking.py",
        "point_in_time_recovery_enabled=True",
        "point_in_time_recovery_enabled=False",
        f"{_STORES}::test_the_table_of_jobs_is_keyed_billed_backed_up_streamed_and_encrypted_as_required",
    ),
    Guard(
        "trail-validated",
        "etl/trail.py",
        "enable_log_file_validation=True",
        "enable_log_file_validation=False",
        f"{_STORES}::test_the_trail_records_every_object_and_item_access",
    ),
    Guard(
        "function-reads-its-prefix",
        "etl/permissions.py",
        "            (WRITE, (keys.CURATED, keys.REJECTED, keys.STAGING)),",
        '            (WRITE, ("",)),',
        _DUTY,
    ),
    Guard(
        "sweep-removes-no-commit-manifest",
        "etl/permissions.py",
        'ORPHANED_OUTPUTS = (f"{keys.CURATED}*.parquet",',
        "ORPHANED_OUTPUTS = (keys.CURATED,",
        "tests/infrastructure/test_permissions.py::test_the_sweep_may_look_start_the_workflow_and_remove_outputs",
    ),
    Guard(
        "workflow-reads-plans-only",
        "etl/workflow_role.py",
        '[f"{bucket_arn}/{keys.MANIFESTS}*"]',
        '[f"{bucket_arn}/*"]',
        "tests/infrastructure/test_permissions.py::test_the_workflow_may_call_its_functions_and_tell_the_outcome",
    ),
    Guard(
        "only-incoming-starts",
        "etl/arrivals.py",
        '"object": {"key": [{"prefix": keys.INCOMING}]}',
        '"object": {"key": [{"prefix": ""}]}',
        "tests/infrastructure/test_arrivals.py::test_only_objects_under_incoming_start_the_workflow",
    ),
    Guard(
        "bad-ends-reported",
        "etl/arrivals.py",
        '"status": ["FAILED", "TIMED_OUT", "ABORTED"]',
        '"status": ["FAILED"]',
        "tests/infrastructure/test_arrivals.py::test_an_execution_that_ends_badly_is_brought_to_its_end",
    ),
    Guard(
        "retry-transient",
        _RETRIES,
        "*error_names(TransientError), *LAMBDA_ERRORS",
        "*LAMBDA_ERRORS",
        f"{_WORKFLOW}::test_a_function_is_called_retried_and_caught",
    ),
    Guard(
        "retry-not-permanent",
        _RETRIES,
        "    task.add_retry(errors=error_names(PermanentError), max_attempts=0)\n",
        "",
        f"{_WORKFLOW}::test_a_function_is_called_retried_and_caught",
    ),
    Guard(
        "retry-throttling-for-minutes",
        _RETRIES,
        "    task.add_retry(errors=[THROTTLED], **THROTTLED_BACKOFF)\n",
        "",
        f"{_WORKFLOW}::test_a_function_is_called_retried_and_caught",
    ),
    Guard(
        "delay-what-throttling-outlasts",
        _RETRIES,
        "    task.add_catch(delay, errors=[THROTTLED, *error_names(Throttled)], result_path=sfn.JsonPath.DISCARD)\n",
        "    task.add_catch(delay, errors=[THROTTLED], result_path=sfn.JsonPath.DISCARD)\n",
        f"{_WORKFLOW}::test_a_function_is_called_retried_and_caught",
    ),
    Guard(
        "delay-chunks-too",
        "etl/workflow.py",
        "        delay_throttled(self, chunk)\n",
        "",
        f"{_WORKFLOW}::test_every_function_of_the_workflow_is_delayed_by_throttling",
    ),
    Guard(
        "publish-without-an-alert",
        "etl/workflow.py",
        '        notify.add_catch(publication, errors=["States.ALL"], result_path=_UNALERTED)\n',
        "",
        f"{_WORKFLOW}::test_failures_are_told_with_their_subject",
    ),
    Guard(
        "retry-three-times",
        _RETRIES,
        "BACKOFF = Backoff(interval=Duration.seconds(2), backoff_rate=2, max_attempts=3",
        "BACKOFF = Backoff(interval=Duration.seconds(2), backoff_rate=2, max_attempts=4",
        f"{_WORKFLOW}::test_nothing_is_retried_more_than_three_times",
    ),
    Guard(
        "errors-are-caught",
        "etl/workflow.py",
        '        chunks.add_catch(on_error, errors=["States.ALL"], result_path="$.error")\n',
        "",
        f"{_WORKFLOW}::test_no_error_leads_to_recordfailure_after_the_file_has_ended",
    ),
    Guard(
        "ten-chunks-at-a-time",
        "etl/workflow.py",
        "MAX_CONCURRENCY = 10",
        "MAX_CONCURRENCY = 100",
        f"{_WORKFLOW}::test_chunks_are_read_from_the_plan_and_run_ten_at_a_time",
    ),
    Guard(
        "rows-not-in-the-workflows-log",
        "etl/workflow.py",
        "include_execution_data=False",
        "include_execution_data=True",
        f"{_WORKFLOW}::test_the_machine_is_standard_traced_and_bounded",
    ),
    Guard(
        "alarms-reach-the-topic",
        _ALARMS,
        "            alarm.add_alarm_action(notify)\n",
        "",
        "tests/infrastructure/test_monitoring.py::test_alarms_reach_people_and_silence_does_not",
    ),
    *map(_alarm, _ALARM_ANCHORS),
    _alarm("dead-results", " metrics"),
    _alarm("dead-events", " metrics"),
)
