"""Which contract a file follows and how its bytes are written."""

from __future__ import annotations

from typing import Mapping

from runtime.contracts.model import Contract
from runtime.core.errors import UnknownDataset
from runtime.formats.interface import Layout
from runtime.formats.registry import file_format
from runtime.formats.source import ByteSource


def recognize(source: ByteSource, key: str, dataset: str | None, contracts: Mapping[str, Contract]) -> tuple[Contract, Layout]:
    """Find the contract (by *dataset*, else the one that the file fits) and the layout of a file.

    Raises the FileRejected that names what is wrong, UnknownDataset where no contract or more than one could be meant.
    """
    public = {name: contract for name, contract in sorted(contracts.items()) if not contract.reserved}
    if dataset is not None:
        contract = contracts.get(dataset)
        if contract is None:
            raise UnknownDataset(key, dataset, list(public))
        return contract, file_format(contract).recognize(source, contract)
    fitting: dict[str, Layout] = {}
    for one in {contract.format: contract for contract in public.values()}.values():
        alike = {name: contract for name, contract in public.items() if contract.format == one.format}
        fitting.update(file_format(one).fitting(source, alike))
    if len(fitting) != 1:
        raise UnknownDataset(key, None, list(public), list(fitting))
    ((name, layout),) = fitting.items()
    return contracts[name], layout
