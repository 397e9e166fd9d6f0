"""The command line: `eigen`. Results go to stdout, all else to stderr; contract "Command line".

Nothing here decides anything about jobs: commands speak to the port `SystemApi` and show what it answers. Modules of
this package are loaded on every start, so what is heavy is imported where it is used.
"""
