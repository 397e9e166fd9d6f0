"""The abstract ports: what each part of the system asks of the others, in domain verbs and contract types only.

They are the wire schema of the future: a service moves into its own process by giving the composition root another
adapter of its port. Every error that a caller can meet stands in the docstrings; adapters translate what their
libraries raise.
"""
