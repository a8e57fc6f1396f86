"""``python -m pipeline.sbom [--out sbom]``: a software bill of materials for each lock of the repository, as CycloneDX JSON.

Made from the locks alone, which name every package with its hashes: the same commit gives the same bytes, on any machine.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.utils import canonicalize_name
from pip_requirements_parser import RequirementsFile  # type: ignore[import-untyped]

from pipeline.gates.locks import PACKAGE_LOCK, python_locks
from pipeline.gates.tree import NoTree, files

ROOT = Path(__file__).resolve().parent.parent
_ALGORITHMS = {"sha256": HashAlgorithm.SHA_256, "sha512": HashAlgorithm.SHA_512}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline.sbom", description="Write what every lock holds as CycloneDX JSON.")
    parser.add_argument("--out", type=Path, default=ROOT / "sbom", metavar="DIRECTORY", help="where the documents go")
    out: Path = parser.parse_args(arguments).out
    try:
        names = files(ROOT)
    except NoTree as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in [*python_locks(names), PACKAGE_LOCK]:
            components = list(_node(ROOT / name) if name == PACKAGE_LOCK else _python(ROOT / name))
            target = out / f"{name.rpartition('.')[0].replace('/', '-')}.cdx.json"
            target.write_text(_document(name, components), encoding="utf-8")
            sys.stdout.write(f"{target}: {len(components)} packages\n")
    except OSError as error:
        sys.stderr.write(f"error: {error.filename}: {error.strerror}; name another directory with --out\n")
        return 2
    return 0


def _document(lock: str, components: Sequence[Component]) -> str:
    root = Component(name="ledgerline", type=ComponentType.APPLICATION, bom_ref=lock, description=lock)
    bom = Bom(components=components, metadata=BomMetaData(component=root))
    # A lock is a flat list: who brought whom is not in it.
    bom.register_dependency(root, components)
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    # Both are optional, and would differ each time.
    del document["serialNumber"], document["metadata"]["timestamp"]
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _python(lock: Path) -> Iterator[Component]:
    """One component a version; ``marker`` says in which environments it is the one. The hashes are of all its distributions."""
    for requirement in RequirementsFile.from_file(str(lock)).requirements:
        (version,) = (specifier.version for specifier in requirement.specifier)
        name = canonicalize_name(requirement.name)
        purl = PackageURL("pypi", name=name, version=version)
        hashes = (option.split(":", 1) for option in requirement.hash_options)
        marker = [Property(name="ledgerline:marker", value=str(requirement.marker))] if requirement.marker else []
        yield Component(
            name=name,
            version=version,
            purl=purl,
            bom_ref=str(purl),
            hashes=[HashType(alg=_ALGORITHMS[algorithm], content=digest) for algorithm, digest in hashes],
            properties=marker,
        )


def _node(lock: Path) -> Iterator[Component]:
    """One component for each place in ``node_modules``: a version may be there more than once."""
    for path, package in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        if not path:
            continue
        group, _, name = path.rpartition("node_modules/")[2].rpartition("/")
        algorithm, _, digest = package["integrity"].partition("-")
        yield Component(
            group=group or None,
            name=name,
            version=package["version"],
            purl=PackageURL("npm", namespace=group or None, name=name, version=package["version"]),
            bom_ref=path,
            hashes=[HashType(alg=_ALGORITHMS[algorithm], content=base64.b64decode(digest).hex())],
            licenses=[DisjunctiveLicense(name=package["license"])] if "license" in package else [],
        )


if __name__ == "__main__":
    sys.exit(main())
