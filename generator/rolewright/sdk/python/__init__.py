"""Python → the calls of boto3 in it, by following values through its syntax tree."""
