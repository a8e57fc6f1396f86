"""What CloudFormation does when a property changes, from the resource types' own schemas.

The registry's schema of a type lists the properties that cannot be changed in place; cfn-lint brings the
schemas along, so that this needs no network and no table of ours. A type without a schema is answered with doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Iterable, Mapping

from cfnlint.schema._exceptions import ResourceNotFoundError  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

IN_PLACE, PERHAPS, REPLACES = "in place", "may replace", "replaces"

#: Types that hold what cannot be made again, and what is lost with them.
HOLDS: Mapping[str, str] = {
    "AWS::DynamoDB::GlobalTable": "every item",
    "AWS::DynamoDB::Table": "every item",
    "AWS::EFS::FileSystem": "every file",
    "AWS::Kinesis::Stream": "records not yet consumed",
    "AWS::KMS::Key": "access to what it encrypts",
    "AWS::Logs::LogGroup": "its logs",
    "AWS::RDS::DBCluster": "the database",
    "AWS::RDS::DBInstance": "the database",
    "AWS::S3::Bucket": "every object",
    "AWS::SecretsManager::Secret": "the secret",
    "AWS::SNS::Topic": "its subscriptions",
    "AWS::SQS::Queue": "messages not yet consumed",
}
#: Schemas are nearly the same in all regions; this one has every type.
_REGION = "us-east-1"

Path = tuple[str, ...]


@dataclass(frozen=True)
class _Schema:
    create_only: tuple[Path, ...]
    conditional: tuple[Path, ...]
    identifier: tuple[Path, ...]


def behaviour(resource_type: str, path: Path) -> str:
    """IN_PLACE, PERHAPS or REPLACES for a change at *path* of the properties."""
    if resource_type.startswith("Custom::") or resource_type == "AWS::CloudFormation::CustomResource":
        # Its provider decides, by the physical id that it answers with.
        return PERHAPS
    schema = _schema(resource_type)
    if schema is None:
        return PERHAPS
    if _touches(path, schema.create_only):
        return REPLACES
    return PERHAPS if _touches(path, schema.conditional) else IN_PLACE


def given_name(resource_type: str, properties: Mapping[str, Any]) -> Any:
    """The name in *properties* that no second resource of the type can have; None without one.

    It identifies the resource by itself, or is called after the type: ``QueueName``, or plainly ``Name``.
    """
    schema = _schema(resource_type)
    if schema is None:
        return None
    called = {(f"{resource_type.rpartition(':')[2]}Name",), ("Name",)}
    names = [path for path in schema.create_only if path in called or schema.identifier == (path,)]
    return next((properties[path[0]] for path in names if properties.get(path[0]) is not None), None)


def _touches(path: Path, listed: Iterable[Path]) -> bool:
    return any(all(there in ("*", here) for here, there in zip(path, entry)) for entry in listed)


@cache
def _schema(resource_type: str) -> _Schema | None:
    try:
        schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, resource_type).schema
    except ResourceNotFoundError:
        return None
    return _Schema(
        _paths(schema.get("createOnlyProperties")),
        _paths(schema.get("conditionalCreateOnlyProperties")),
        _paths(schema.get("primaryIdentifier")),
    )


def _paths(pointers: Any) -> tuple[Path, ...]:
    """JSON pointers as paths: ``/properties/A/B`` is ("A", "B")."""
    return tuple(tuple(pointer.split("/")[2:]) for pointer in pointers or ())
