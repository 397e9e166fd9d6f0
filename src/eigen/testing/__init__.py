"""What the tests of Eigen OS and of those who build on it share: a pytest plugin, real fakes, conformance suites.

The plugin is found by pytest through its entry point and loads nothing until a fixture is used.
"""
