# Rendered by rolewright from github-actions.yaml. Change the manifest, not this file.

output "workflow_role_arn" {
  description = "ARN of the role workflow"
  value       = aws_iam_role.workflow.arn
}

output "workflow_role_name" {
  description = "Name of the role workflow"
  value       = aws_iam_role.workflow.name
}
