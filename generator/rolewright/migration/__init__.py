"""Access keys on their way out: the phase of each, and the evidence that a step demands."""
