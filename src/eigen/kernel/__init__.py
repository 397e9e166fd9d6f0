"""QRTX, the kernel: queue, life cycle and recovery of jobs.

`machine` and `scheduler` are pure: no clock, no ids, no I/O. `shell` is the one place that starts tasks; it runs the
machine's commands, feeds their outcomes back, and is the single writer of each job that it owns. `work` is what the
commands have others do; `stores` keeps records and events.
"""
