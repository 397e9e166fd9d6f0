"""The version of Eigen OS, as it stands in every provenance."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
