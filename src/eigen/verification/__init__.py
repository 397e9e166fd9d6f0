"""Whether counts are what the circuit says: its exact distribution, and the chance of counts like these.

An oracle that shares nothing with any backend, in plain Python; for circuits of a few qubits. Drivers are held against
it by the conformance suite, finished jobs by `eigen results --verify`.
"""
