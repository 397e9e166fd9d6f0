"""`sim:stim`: Stim, for Clifford circuits. The only place that imports it, and only inside worker processes."""
