"""One module for each family of types: a column of texts becomes a typed column and a mask of what broke the contract.

``runtime.contracts.values`` defines what these must agree with, value by value.
"""
