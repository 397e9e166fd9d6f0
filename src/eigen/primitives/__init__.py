"""Qiskit's primitives on Eigen jobs: whatever takes a `BaseSamplerV2` or a `BaseEstimatorV2` runs on Eigen unchanged.

- Qiskit's circuits, bindings and observables go in, Qiskit's containers come out; in between there are Eigen jobs like
  any others, recorded, cancellable, repeatable, one group for each call of `run`.
- A PUB with values for its parameters is one job: the circuit is compiled once, its bindings are a sweep.
- Whoever imports this package loads Qiskit; `import eigen` does not.
- Speaks to the client and the System API only.
"""

from __future__ import annotations

from eigen.primitives.estimator import EigenEstimator
from eigen.primitives.job import EigenPrimitiveJob
from eigen.primitives.options import PrimitiveOptions
from eigen.primitives.sampler import EigenSampler

__all__ = ["EigenEstimator", "EigenPrimitiveJob", "EigenSampler", "PrimitiveOptions"]
