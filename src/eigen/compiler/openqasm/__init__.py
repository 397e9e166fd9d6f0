"""OpenQASM 3 and 2 to AQO: a front end of our own, run in a worker process.

Why our own: of the readers at hand one knows neither conditions nor gate definitions, the other neither constants,
loops nor `if (c[0] == 1)`, at 2,000 gates a second; both may open files or print. This one is pure Python, opens
nothing, and is linear in the text and in what it emits.

| module | holds |
|---|---|
| `catalogue` | every fault, with its code |
| `lexer` | text → tokens, one at a time |
| `syntax` | what statements are |
| `expressions`, `applications`, `parser` | tokens → expressions in postfix form, operands and gates, statements |
| `findings` | what is wrong with one program |
| `meter` | what it may still use |
| `arithmetic`, `evaluation` | values, operators, functions; a machine for expressions |
| `elements` | gates with `ctrl`, `inv` and `pow` → gates of the table |
| `gates` | what the standard libraries define; definitions of users |
| `definitions` | the gates that there are at a point of the text |
| `names`, `registers` | what names mean; qubits, bits, and what operands choose of them |
| `declarations`, `operations`, `control_flow` | statements of three kinds, executed |
| `circuit` | statements → a circuit |
| `reader` | source → circuit, or an error with its place |
| `engine` | the same behind the worker's protocol |
| `frontend` | the compiler's side of the worker |
"""
