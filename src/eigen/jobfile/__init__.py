"""The strict loader of job files: text to `JobSpec` and program, with every fault at its place.

Passes, each in its module: `layout` (places, and what of a line may be shown), `document` (YAML events to values),
`interpretation` (values to the job's fields, unknown keys, older shapes), `complaints` (the model's refusals in our
words), `files` (read safely), `program` (its language and name), `job` (the result), `loader` (all of it in order).

Rules of the layer: YAML is read as a stream of events, so that nothing recurses and nothing is constructed by tags;
files are opened part by part without following links; no value is shown that could be a secret.
"""
