"""What CloudFormation does when a property changes: update the resource in place, or replace it.

The schema of a type in CloudFormation's registry lists the properties that cannot be changed in place. cfn-lint contains
the schemas, so this needs no network. A change of a type without a schema may replace.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Iterable, Mapping

from cfnlint.schema._exceptions import ResourceNotFoundError  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from pipeline.templates import PropertyPath

IN_PLACE, PERHAPS, REPLACES = "in place", "may replace", "replaces"

#: Types that hold data, and what is lost with a resource of them.
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


@dataclass(frozen=True)
class _Schema:
    create_only: tuple[PropertyPath, ...]
    conditional: tuple[PropertyPath, ...]
    identifier: tuple[PropertyPath, ...]


def behaviour(resource_type: str, path: PropertyPath) -> str:
    """IN_PLACE, PERHAPS or REPLACES for a change at *path* of the properties."""
    if resource_type.startswith("Custom::") or resource_type == "AWS::CloudFormation::CustomResource":
        # Its function decides, by the physical id that it returns.
        return PERHAPS
    schema = _schema(resource_type)
    if schema is None:
        return PERHAPS
    if _touches(path, schema.create_only):
        return REPLACES
    return PERHAPS if _touches(path, schema.conditional) else IN_PLACE


def given_name(resource_type: str, properties: Mapping[str, Any]) -> Any:
    """The name in *properties* that must be unique among resources of the type; None without one.

    That is the property which alone identifies the resource, or one called after the type (``QueueName``) or ``Name``.
    """
    schema = _schema(resource_type)
    if schema is None:
        return None
    called = {(f"{resource_type.rpartition(':')[2]}Name",), ("Name",)}
    names = [path for path in schema.create_only if path in called or schema.identifier == (path,)]
    return next((properties[path[0]] for path in names if properties.get(path[0]) is not None), None)


def _touches(path: PropertyPath, listed: Iterable[PropertyPath]) -> bool:
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


def _paths(pointers: Any) -> tuple[PropertyPath, ...]:
    """JSON pointers as paths: ``/properties/A/B`` is ("A", "B")."""
    return tuple(tuple(pointer.split("/")[2:]) for pointer in pointers or ())
