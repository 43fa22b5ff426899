"""The moto server of `rolewright plan`, with threads that take turns as often as Python lets them."""

import sys

from rolewright.terraform import repairs

if __name__ == "__main__":
    sys.setswitchinterval(1e-6)
    repairs.serve()
