"""CloudFormation templates, and what other tools write in its language: values, resources and roles."""
