"""CircuitFS: every artifact of every job, whole and with its digest. Contract "CircuitFS".

`disk` keeps it in a folder, `memory` in this process's memory under the same law; `layout` has what both agree on.
Below `disk` are `job_folders`, the operations themselves, `whole_files` and `filesystem`, the calls of the operating
system. Jobs that have no folder yet are in `openings`, and once more in `opening_log`.
"""
