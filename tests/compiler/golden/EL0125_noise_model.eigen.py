@hybrid_program(noise_model="depolarising:0.001")
def main():
    h(0)
    measure(0)
