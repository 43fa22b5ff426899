"""Real Terraform on rendered modules, with a moto server on loopback in the place of AWS."""
