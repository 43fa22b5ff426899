"""What CloudTrail recorded, held against what manifests declare."""
