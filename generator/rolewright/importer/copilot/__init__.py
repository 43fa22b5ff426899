"""AWS Copilot: an application's files → one workload for each manifest, with its environments."""
