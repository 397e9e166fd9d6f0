"""The data that crosses boundaries: frozen, validated, documented.

Every module here can be imported alone and quickly; nothing is re-exported, so that reading a job's status does not
load the job file's model. Nothing in this layer does I/O, keeps state, or knows a service.

| module | holds |
|---|---|
| `errors` | the one tree of errors, with codes that never change |
| `diagnostics` | places in a user's text, and what is wrong there |
| `printable` | outside text made safe to show |
| `faults` | all faults of a document, collected and raised together |
| `wire` | dataclasses to JSON and back |
| `canonical` | canonical JSON (RFC 8785), digests, strict JSON reading |
| `trace` | W3C trace context, and which job the running task works for |
| `gates` | the one gate table |
| `aqo` | Abstract Quantum Operations |
| `angles`, `aqo_rules` | the spelling of angles; what an AQO document must keep to |
| `aqo_json`, `aqo_schema` | AQO as JSON, and its schema |
| `bases` | rotations into the basis of a measurement |
| `collection` | the garbage collector's rest while much is allocated |
| `jobspec` | `job.yaml` as a model |
| `compilation` | what the compiler takes and gives |
| `execution` | what a driver takes and gives |
| `devices` | devices and their state |
| `jobs` | job states, records, events, statuses and updates |
| `results` | `results.json` |
| `requests` | who asks for what at the System API |
"""
