"""Roles, Workload and Catalog → Module: the text of every file, in memory."""
