"""Go → the calls of AWS's SDKs in it."""
