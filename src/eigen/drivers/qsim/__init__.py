"""`sim:qsim`: qsim, for counts of large circuits. The only place that imports it, and only inside worker processes."""
