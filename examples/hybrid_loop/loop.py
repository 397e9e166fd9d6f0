"""The loop by hand: an optimizer of SciPy's, and a job for each value that it asks for."""

from scipy.optimize import minimize

import eigen

with eigen.Client() as client:

    def energy(x):
        job = client.submit("job.yaml", inputs={"theta": float(x[0])}, group="by-hand")
        return job.results().expectation_values["energy"]["value"]

    found = minimize(energy, x0=[0.3], method="Powell")

print(f"theta={found.x[0]} energy={found.fun}")
