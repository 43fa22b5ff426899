"""The parts of reading that JavaScript, TypeScript and Go share: tokens, expressions, names and their values."""
