"""Terraform's language: values written as literals, layout, and text read back into syntax."""
