"""`sim:local`: Qiskit Aer. The only place that imports Qiskit's SDK, and only inside worker processes."""
