"""What can go wrong for the person at the keyboard, each as one line that says what to do.

::

    OpsError                   exit status 1
    ├── OutputClosed           there is no standard output to write to
    ├── EndpointInvalid        AWS_ENDPOINT_URL is no address
    ├── StageMissing           no such stack, or one without the outputs that are needed
    ├── FileUnknown            the stage has no such file
    ├── NotWritable            a file of this machine cannot be written
    ├── NotFinished            the file did not end in the time that was given
    ├── RedriveRefused         the file is in no state, or in nobody's hands, to be taken up again
    ├── DeadLettersLeft        events of the dead-letter queue that no execution was started with
    ├── UploadRefused          the bucket did not keep the object as it must
    ├── NothingValidated       a stage that was never validated has nothing to go back to
    ├── RecordDamaged          what is kept of the last validation is not what was written
    ├── RollbackFailed         CloudFormation refused the change set, or did not bring it to a good end
    ├── NothingToPublish       the directory holds no review
    ├── DriftUnknown           detection could not be made, or not for every resource
    ├── NotEnded               what is asked can be answered for a file that has ended
    ├── RowUnknown             the file has no such row, or was not read that far
    ├── OutputDiffers          a stored object is not the one that the table says was written
    ├── NotDrafted             no contract can be read off records of a mainframe
    ├── NoRowFits              no row has as many fields as the header, so no contract can be drafted
    ├── OutputUnknown          no contract, or more than one, has the output that is to be compared
    ├── NotTheOutput           a file is not what the output that it is compared with is
    ├── VerificationFailed     table, outputs and original do not agree, or cannot be compared
    └── …                      those of branch stages: ops.branches.errors
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
)

from pipeline.slugs import BranchRefused
from runtime.core.errors import LedgerlineError


class OpsError(Exception):
    """Base of the errors that are shown as one line, without a traceback."""


class OutputClosed(OpsError):
    def __init__(self) -> None:
        super().__init__("The standard output is closed, so nothing can be shown; redirect it, to /dev/null if it is not wanted")


class EndpointInvalid(OpsError):
    def __init__(self, variable: str, value: str) -> None:
        self.variable, self.value = variable, value
        super().__init__(f"{variable} is {value!r}, which is no address such as http://127.0.0.1:4566; correct or unset it")


class StageMissing(OpsError):
    def __init__(self, suffix: str, region: str, reason: str) -> None:
        self.suffix, self.region, self.reason = suffix, region, reason
        super().__init__(f"Stage {suffix!r} in {region}: {reason}; deploy it, or name another with --stage and --region")


class FileUnknown(OpsError):
    def __init__(self, file_id: str, suffix: str) -> None:
        self.file_id, self.suffix = file_id, suffix
        super().__init__(
            f"Stage {suffix!r} has no file {file_id}; `python -m ops status` with the same --stage and --region lists those it has"
        )


class NotWritable(OpsError):
    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} cannot be written: {reason}; name another file")


class NotFinished(OpsError):
    """``status`` is None where the file was not even registered."""

    def __init__(self, file_id: str, status: str | None, seconds: float) -> None:
        self.file_id, self.status, self.seconds = file_id, status, seconds
        where = f"is still {status}" if status else "was not registered: its event has not arrived"
        follow_it = f"`python -m ops status {file_id}` with the same --stage and --region"
        super().__init__(f"After {seconds:,.0f} s file {file_id} {where}; follow it with {follow_it}")


class RedriveRefused(OpsError):
    def __init__(self, file_id: str, reason: str) -> None:
        self.file_id, self.reason = file_id, reason
        super().__init__(f"File {file_id} {reason}")


class DeadLettersLeft(OpsError):
    def __init__(self, queue: str, left: int) -> None:
        self.queue, self.left = queue, left
        some = "1 message of {} is no event" if left == 1 else f"{left:,} messages of {{}} are no events"
        super().__init__(f"{some.format(queue)} of this workflow, left in the queue; read what is left there, then delete it")


class UploadRefused(OpsError):
    def __init__(self, bucket: str, key: str, reason: str) -> None:
        self.bucket, self.key, self.reason = bucket, key, reason
        super().__init__(f"s3://{bucket}/{key}: {reason}")


class NothingValidated(OpsError):
    def __init__(self, suffix: str, region: str) -> None:
        self.suffix, self.region = suffix, region
        super().__init__(
            f"Stage {suffix!r} in {region} was never validated, so there is nothing to go back to: "
            "fix the commit and push it (docs/runbook.md, Rolling back)"
        )


class RecordDamaged(OpsError):
    def __init__(self, bucket: str, key: str, reason: str) -> None:
        self.bucket, self.key, self.reason = bucket, key, reason
        super().__init__(
            f"s3://{bucket}/{key}: {reason}; roll back by deploying the commit that was validated (docs/runbook.md, Rolling back)"
        )


class RollbackFailed(OpsError):
    def __init__(self, stack: str, reason: str) -> None:
        self.stack, self.reason = stack, reason
        super().__init__(f"Stack {stack} was not rolled back: {reason} (docs/runbook.md, Rolling back)")


class NothingToPublish(OpsError):
    def __init__(self, directory: Path, page: str) -> None:
        self.directory, self.page = directory, page
        super().__init__(f"{directory} has no {page}; write it with `python -m pipeline.review --output {directory}`")


class DriftUnknown(OpsError):
    def __init__(self, suffix: str, region: str, reason: str) -> None:
        self.suffix, self.region, self.reason = suffix, region, reason
        super().__init__(f"Stage {suffix!r} in {region}: drift is not known: {reason}")


class NotEnded(OpsError):
    def __init__(self, file_id: str, status: str) -> None:
        self.file_id, self.status = file_id, status
        super().__init__(f"File {file_id} is {status}, so what it must agree with is not settled; ask again when it has ended")


class RowUnknown(OpsError):
    def __init__(self, file_id: str, row: int, reason: str) -> None:
        self.file_id, self.row, self.reason = file_id, row, reason
        super().__init__(f"Row {row:,} of file {file_id} cannot be found: {reason}")


class OutputDiffers(OpsError):
    def __init__(self, key: str, written: str, found: str) -> None:
        self.key, self.written, self.found = key, written, found
        super().__init__(
            f"{key}: {written} was written, {found} is there; the original tells what it must hold: run `python -m ops audit` with --verify"
        )


class NotDrafted(OpsError):
    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path.name} holds records in EBCDIC, which say nothing of themselves: `contract infer` is for CSV; "
            "write a contract that names their copybook (docs/contracts.md)"
        )


class NoRowFits(OpsError):
    def __init__(self, name: str, fields: int, delimiter: str) -> None:
        self.name, self.fields, self.delimiter = name, fields, delimiter
        super().__init__(
            f"No row of {name} has as many fields as its header ({fields:,}, set apart by {delimiter!r}); "
            "begin the file with the header of its rows, or write the contract by hand (docs/contracts.md)"
        )


class OutputUnknown(OpsError):
    """``found`` are datasets that have the output, ``known`` what there is."""

    def __init__(self, name: str, dataset: str | None, found: list[str], known: list[str]) -> None:
        self.name, self.dataset, self.found, self.known = name, dataset, found, known
        which = f"{' and '.join(found)} have an output {name!r}; say which with --dataset"
        none = f"{dataset} has no output {name!r}" if dataset else f"No contract has an output {name!r}"
        nothing = "it has no outputs for old programs at all" if dataset else "no contract has outputs for old programs"
        there = f"there is: {', '.join(known)}" if known else f"{nothing} (docs/mainframe.md)"
        super().__init__(which if found else f"{none}; {there}")


class NotTheOutput(OpsError):
    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"{name} {reason}")


class VerificationFailed(OpsError):
    """``differing`` checks found a difference, ``unknown`` could not be made."""

    def __init__(self, file_id: str, differing: int, unknown: int) -> None:
        self.file_id, self.differing, self.unknown = file_id, differing, unknown
        found = [f"{differing:,} difference{'' if differing == 1 else 's'}"] if differing else []
        found += [f"{unknown:,} check{'' if unknown == 1 else 's'} that could not be made"] if unknown else []
        super().__init__(f"File {file_id} is not verified: {' and '.join(found)}; each is named above (docs/operations.md, audit)")


_REFUSED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
}

#: What :func:`explain` knows; anything else is a defect and keeps its traceback.
EXPECTED = (OpsError, BranchRefused, LedgerlineError, ClientError, BotoCoreError, OSError)

_HERE = ("127.0.0.1", "::1", "localhost")
_LOCAL_ENVIRONMENT = 'eval "$(python -m local env)"'


def explain(error: Exception) -> str:
    """One line for *error*: what happened, where, and what to do."""
    return " ".join(_sentence(error).split())


def _sentence(error: Exception) -> str:
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return f"{error}; set AWS_PROFILE, or for the stage on this machine run: {_LOCAL_ENVIRONMENT}"
    if isinstance(error, (EndpointConnectionError, ProxyConnectionError, HTTPClientError)):
        if urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in _HERE:
            return f"No emulator answers: {error}; start it with python -m local up, then: {_LOCAL_ENVIRONMENT}"
        return f"AWS cannot be reached: {error}; check the network, --region and AWS_ENDPOINT_URL"
    if isinstance(error, ClientError):
        return _refusal(error)
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def _refusal(error: ClientError) -> str:
    found = error.response.get("Error", {})
    code, message = str(found.get("Code", "")), str(found.get("Message", ""))
    if code in _REFUSED:
        assuming = error.operation_name == "AssumeRole"
        advice = "see docs/setup.md, A target in another account" if assuming else "use credentials that may do this"
        return f"AWS refused {error.operation_name} ({message or code}); {advice}"
    if code in _EXPIRED:
        return f"AWS did not accept the credentials for {error.operation_name} ({code}); renew them"
    return f"AWS {error.operation_name} failed: {code}: {message}"
