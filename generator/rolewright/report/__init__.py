"""Findings and results as text or JSON: pure functions, nothing here prints."""
