"""What JavaScript, TypeScript and Go have in common: tokens, expressions, names, and what these may stand for."""
