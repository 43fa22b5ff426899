# Rendered by rolewright from github-actions.yaml. Change the manifest, not this file.

# manifest: compute.repository
output "role_to_assume" {
  description = "The input role-to-assume of aws-actions/configure-aws-credentials"
  value       = aws_iam_role.workflow.arn
}
