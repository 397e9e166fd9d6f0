"""The System API: identity, permission, validation, and the way to everything else."""
