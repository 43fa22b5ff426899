"""YAML → trees that know their places; edits of them; JSON Schema over them."""
