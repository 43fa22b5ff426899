"""Values and means that every stage shares: findings, the model, text for people, files, git."""
