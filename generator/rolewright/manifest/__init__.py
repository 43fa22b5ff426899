"""A located tree and the Catalog → Workload: checked, resolved, and what differs made variables."""
