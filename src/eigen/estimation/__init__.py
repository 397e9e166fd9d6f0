"""Expectation values from shots: which circuits to measure, how often, and what the counts say. Pure.

`measurement` has the state that is asked about and the circuits that ask, `grouping` which Pauli products one circuit
can ask about together, `allocation` how many shots each circuit gets, `estimates` the values and their standard errors,
and `sampling` puts them together. Exact values are the drivers' business: they have the state.
"""
