"""Worker processes: run an engine that holds the GIL, crashes or eats memory where it can be killed.

```
system process                nursery process                 worker process
WorkerPool ── control ──────► imports the engine once, forks ─► serves one request at a time
     └─────── one socketpair for each worker ─────────────────►
```

Nothing here knows a vendor: the engine is an import path, given at start. Nothing here pickles: frames are JSON with
raw bytes behind it.

| module | holds |
|---|---|
| `frames` | the wire format, without I/O; blocking and asynchronous channels |
| `digests` | which circuits a worker holds; the same rule on both sides |
| `confinement` | parent-death signal, memory limit, standard streams |
| `engine` | what an engine must do |
| `worker` | the worker's loop |
| `nursery` | the process that imports and forks |
| `nursery_client` | the asynchronous side of the nursery |
| `pool` | who may use which worker, and what a death means |
| `thread`, `blocking` | where the system's own blocking work is done |
| `asking_thread` | a blocking work that asks the event loop for things |
"""
