"""What a role may do, and why; what changed between two declarations."""
