"""Import blocks for what a module would make and an AWS account has already."""
