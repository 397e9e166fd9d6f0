"""Hostile inputs by the hundred thousand, for everything that reads what a user wrote.

What lives here: a command (`python -m fuzz`) that makes programs, job files and AQO documents, gives each to the real
entry point in a watched process, and reports what must never happen. What must never: a second implementation of
anything that it tests, or anything that the installed package imports. `README.md` says how to use it.
"""
