"""The loop by `client.minimize`: Ctrl-C or a crash costs nothing, the same call with `resume` goes on."""

import sys

import eigen

with eigen.Client() as client:
    group = {"resume": sys.argv[1]} if len(sys.argv) > 1 else {}
    found = client.minimize("job.yaml", "energy", {"theta": 0.3}, method="L-BFGS-B", **group)

print(f"theta={found.x['theta']} energy={found.fun} group={found.group}")
