from eigen_lang import hh
from math import sinus

@hybrid_program
def main():
    h(0)
