"""What a rehearsal cannot show, and what stands in for each: printed after every execution, and the list in docs/rehearsal.md."""

from __future__ import annotations

from local.gaps.limits import Limit

LIMITS: tuple[Limit, ...] = (
    Limit("IAM enforcement", "a role must exist, and whoever asks may assume it; tests check every statement of every role"),
    Limit("CodeBuild images", "this machine's Python and Node.js in a clean directory, with a home and prefixes of its own"),
    Limit("The source connection", "a commit of a local repository, without .git; no webhook, no token, no pull request"),
    Limit("Known vulnerabilities", "the synth says that they are not checked; `make advisories` asks where there is a network"),
    Limit(
        "Quotas and account concurrency",
        "only the concurrency of functions is limited, where a test sets it; tests check the sizes that have limits",
    ),
    Limit("X-Ray, metrics and alarms", "settings are deployed; nothing is traced and no alarm changes state by itself"),
    Limit(
        "Drift", "nothing changes a stack behind the pipeline's back and no schedule looks; `ops drift` by hand reports a changed function"
    ),
    Limit("Failed first creation", "the rehearsal deletes a stack in ROLLBACK_COMPLETE itself; on AWS a person does (docs/runbook.md)"),
    Limit("Artifacts after an execution", "removed, since the emulator holds them in memory; on AWS they stay 30 days"),
    Limit(
        "Other accounts",
        "one emulator holds them all, apart; their administrators' part is done by the first set-up, and keys open nothing",
    ),
    Limit("Time", "downloads are cached; durations are this machine's"),
)
