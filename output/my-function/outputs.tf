# Rendered by rolewright from lambda.yaml. Change the manifest, not this file.

output "execution_role_arn" {
  description = "ARN of the role execution"
  value       = aws_iam_role.execution.arn
}
