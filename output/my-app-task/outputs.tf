# Rendered by rolewright from fargate.yaml. Change the manifest, not this file.

output "task_role_arn" {
  description = "ARN of the role task"
  value       = aws_iam_role.task.arn
}

output "execution_role_arn" {
  description = "ARN of the role execution"
  value       = aws_iam_role.execution.arn
}
