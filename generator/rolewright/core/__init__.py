"""Values and helpers that every stage shares: findings, the model, printable text, files, git."""
