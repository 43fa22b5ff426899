"""JavaScript and TypeScript → the calls of AWS's SDKs in them."""
