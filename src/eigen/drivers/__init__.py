"""Drivers: from a circuit to a backend and back to counts.

`registry` finds drivers by their entry points, `manager` resolves targets and checks what goes in and comes out, one
sub-package per vendor holds everything that knows that vendor's SDK. Simulations run in `workers`, because simulators
hold Python's GIL, crash, and eat memory; a worker can be killed.
"""
