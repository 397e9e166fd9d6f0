@hybrid_program
def main():
    θ = 1.0
    rx(0, θ)
