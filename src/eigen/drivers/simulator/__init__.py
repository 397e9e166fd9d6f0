"""What all simulators of this machine share: devices over worker processes, memory, choice of methods, drawn counts.

An engine is a `Simulator`, a description that imports nothing, and an `Engine` that its workers run; each has its own
sub-package beside this one, the only place that imports its library.

| module | holds |
|---|---|
| `description` | what an engine and its methods are |
| `device` | one engine as a device: admission, workers, results |
| `driver` | several devices that share one budget of memory |
| `memory` | what a simulation takes, what this machine gives |
| `installation` | which versions are installed; cores, variables of workers |
| `batches` | a request's bindings in frames |
| `choice` | the rules of `sim:auto` |
| `auto` | `sim:auto` as a device |
| `collector` | a worker's answer put together |
| `branching` | circuits with measurements in the middle; only in workers |
| `amplitudes` | shots drawn from many amplitudes; only in workers |
| `sampling` | counts drawn from probabilities; only in workers |
| `parts` | a worker's answer in frames; only in workers |
"""
