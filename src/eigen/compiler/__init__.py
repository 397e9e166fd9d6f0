"""The compiler: Eigen-Lang and AQO to canonical AQO. Nothing of a user's program is executed, imported or evaluated.

Five passes, each in its own module, none of which knows another: `parse → check → resolve → lower → canonical`. The
type of a pass's result (`stages`) forces their order; `pipeline` is the order; `service` is the adapter of the port.
"""
