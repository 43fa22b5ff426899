"""Terraform's language: write values as literals, lay text out, and parse it back into syntax."""
