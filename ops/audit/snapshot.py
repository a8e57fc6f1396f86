"""How the file was read: the contract and layout of its snapshot, or of the same contract once that has expired."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ops.audit.checks import Unverifiable
from runtime.aws.object_store import ObjectStore, StoredSource
from runtime.contracts.model import Contract
from runtime.core import keys
from runtime.core.errors import ContractInvalid, ObjectMissing
from runtime.core.models import ObjectRef
from runtime.formats.recognition import recognize
from runtime.steps import snapshot
from runtime.steps.snapshot import Snapshot

Item = Mapping[str, Any]


def reading_of(file: Item, contracts: Mapping[str, Contract], store: ObjectStore) -> Snapshot:
    """What ProcessChunk read the file by. Its contract has the digest that the table recorded, wherever it comes from.

    Raises Unverifiable when the snapshot has expired and *contracts*, those of this checkout, are no longer the same; and
    ValueError when what is there is not what was recorded.
    """
    try:
        found = _snapshot(file, store)
    except ObjectMissing:
        found = _recognized(file, contracts, store)
    if found.contract.sha256 != file["contract_sha256"] or found.contract.version != file["contract_version"]:
        raise ValueError(f"the contract's digest is {found.contract.sha256}, not {file['contract_sha256']}")
    if found.layout.header_end != file["header_bytes"]:
        raise ValueError(f"the header ends at byte {found.layout.header_end}, not {file['header_bytes']}")
    return found


def _snapshot(file: Item, store: ObjectStore) -> Snapshot:
    body = store.read(ObjectRef(store.bucket, file["reading_key"]))
    if file["reading_key"] != keys.reading(file["file_id"], hashlib.sha256(body).hexdigest()):
        raise ValueError(f"{file['reading_key']} does not bear the digest of its content")
    try:
        return snapshot.load(store, file["reading_key"])
    except ContractInvalid as error:
        raise Unverifiable(f"this version cannot read the contract of then ({error}); verify with the version that was deployed") from error


def _recognized(file: Item, contracts: Mapping[str, Contract], store: ObjectStore) -> Snapshot:
    contract = contracts.get(file["dataset"])
    if contract is None or contract.sha256 != file["contract_sha256"]:
        raise Unverifiable(
            f"{file['reading_key']} has expired, and the contract of {file['dataset']!r} is not the one of then "
            f"(version {file['contract_version']}); verify from a commit that has that version"
        )
    source = StoredSource(store, ObjectRef.from_dict(file["location"]), file["size"])
    return Snapshot(*recognize(source, file["key"], contract.dataset, {contract.dataset: contract}))
