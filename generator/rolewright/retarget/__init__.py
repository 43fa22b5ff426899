"""The same workload on another compute type."""
