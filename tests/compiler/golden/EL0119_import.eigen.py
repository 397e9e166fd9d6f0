import os
from numpy import pi
import eigen_lang

@hybrid_program
def main():
    h(0)
