"""Loops that vary a circuit's parameters until an expectation value is least (Pattern B), wherever they run.

Nothing here knows a vendor, an event loop or a job: a loop is a function of its start values, its seed and what is
measured, so that it can be run again against its journal and comes to the same bytes. NumPy and the optimizers'
libraries are imported by the modules that need them; the package itself imports nothing.
"""
