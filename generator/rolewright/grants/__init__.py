"""Workload and Catalog → what is declared: grants, policies, promises, and what a module consists of."""
