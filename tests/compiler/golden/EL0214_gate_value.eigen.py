@hybrid_program
def main():
    hamiltonian = z(0) * z(1)
    result = h(0)
