"""Proofs of reliability: kills, power cuts, failing disks, crowds, walks, endurance; README.md is the manual."""
