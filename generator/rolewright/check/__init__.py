"""Judges the rendered text alone: parse, provider schema, rules."""
