"""The composition root: opens, wires and closes everything; nothing else wires."""
