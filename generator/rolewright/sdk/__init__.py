"""What calls of AWS's SDKs, and the events that they leave, need of IAM."""
