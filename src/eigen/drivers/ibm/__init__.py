"""`ibm:<machine>`: IBM Quantum's machines through `qiskit-ibm-runtime`, which only `gateway` imports, in workers.

| module | holds |
|---|---|
| `driver` | devices; follows a remote job from its submission to its counts, and cancels it |
| `engine` | the workers' side: short questions, so that nothing waits in a worker |
| `gateway` | what is asked of the service, and its own library behind that |
| `rehearsal` | the same questions to a folder: a service without a network |
"""
