"""`sim:qulacs`: Qulacs. The only place that imports it, and only inside worker processes."""
