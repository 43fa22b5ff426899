"""Answers to what a role may do and why, and to what changed between two declarations."""
