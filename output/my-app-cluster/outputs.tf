# Rendered by rolewright from ecs-ec2.yaml. Change the manifest, not this file.

output "task_role_arn" {
  description = "ARN of the role task"
  value       = aws_iam_role.task.arn
}

output "execution_role_arn" {
  description = "ARN of the role execution"
  value       = aws_iam_role.execution.arn
}

output "instance_role_arn" {
  description = "ARN of the role instance"
  value       = aws_iam_role.instance.arn
}
