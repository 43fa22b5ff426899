"""Map calls of AWS's SDKs, and the events that they leave, to the IAM actions that they need."""
