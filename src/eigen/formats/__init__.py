"""Circuits in other people's formats: OpenQASM 3 and 2 out, Qiskit circuits in.

| module | holds |
|---|---|
| `openqasm_gates` | what each gate of the table is called, or how it is defined, in both versions |
| `openqasm_export` | AQO → OpenQASM 3 and 2 |
| `feed_forward` | Boolean functions of measured bits, and branches under them, as AQO's conditions |
| `measurements` | measurements that stand side by side, as one |
| `parameter_names` | any name → a name that AQO takes |
| `qiskit_circuit`, `qiskit_gates` | `QuantumCircuit` → AQO |

Reading OpenQASM is the compiler's, since a text is a program with places to point at.
"""
