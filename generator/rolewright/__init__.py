"""rolewright: from a short manifest to a proven Terraform module."""
