"""Workload and Catalog → Declaration: grants, policies, promises, and the contents of the module."""
