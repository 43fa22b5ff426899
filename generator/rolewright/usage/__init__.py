"""CloudTrail's records compared with what manifests declare."""
