"""Checks of whole columns, shared by the formats: one module a family of types.

Each turns a column of texts or numbers into a typed column and a mask of the values that break the contract.
``runtime.contracts.values`` defines the same rules for one value; property tests compare the two.
"""
