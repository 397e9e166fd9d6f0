"""CircuitFS: every artifact of every job, whole and with its digest. Contract "CircuitFS".

`disk` keeps it in a folder, `memory` in this process's memory under the same law; `layout` has what both agree on.
Below `disk` are `job_folders`, the operations themselves, and `filesystem`, the calls of the operating system.
"""
