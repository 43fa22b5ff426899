"""The independent judge: evaluates the HCL and proves that its roles allow exactly what is declared."""
