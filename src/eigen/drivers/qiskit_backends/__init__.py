"""Whatever has Qiskit's `BackendV2` interface, as devices: snapshots of IBM's machines, and what is configured.

A circuit is transpiled for the backend's couplings and gates in a worker process, which also loads the backend and
runs it. Only modules that run there import Qiskit.

| module | holds |
|---|---|
| `description` | what a backend is, and where its code is |
| `snapshots` | IBM's machines as they once were, listed without importing their package |
| `configured` | sections of `config.toml` |
| `driver` | devices over one pool of workers |
| `fake` | the driver `fake` |
| `credentials` | secrets from the environment or a keyring; only in workers |
| `backends` | loading a backend; only in workers |
| `calibration` | what a backend says of itself; only in workers |
| `sent_circuit` | circuits and counts with the classical bits that are used; only in workers |
| `submission` | circuits handed to a backend, in one job or in one each; only in workers |
| `stopping` | a provider's job cancelled with its worker; only in workers |
| `transpilation` | circuits fitted to a backend, and what that did; only in workers |
| `snapshot_noise` | the noise of the qubits that a circuit uses; only in workers |
| `engine` | the workers' side |
"""
