"""Workloads that other tools describe → manifests, and what their roles may do before and after."""
