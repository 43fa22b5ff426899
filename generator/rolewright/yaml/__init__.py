"""YAML → trees with locations; edits of their text; validation by JSON Schema."""
