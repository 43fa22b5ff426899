# Rendered by rolewright from inputs.yaml. Change the manifest, not this file.

output "cluster_arn" {
  description = "ARN of the cluster"
  value       = aws_ecs_cluster.cluster.arn
}

output "cluster_name" {
  description = "Name of the cluster"
  value       = aws_ecs_cluster.cluster.name
}

output "execution_role_arn" {
  description = "ARN of the role execution"
  value       = aws_iam_role.execution.arn
}

output "execution_role_name" {
  description = "Name of the role execution"
  value       = aws_iam_role.execution.name
}

output "log_group_arn" {
  description = "ARN of the log group"
  value       = aws_cloudwatch_log_group.task.arn
}

output "log_group_name" {
  description = "Name of the log group"
  value       = aws_cloudwatch_log_group.task.name
}

output "service_arn" {
  description = "ARN of the service"
  value       = aws_ecs_service.service.id
}

output "service_name" {
  description = "Name of the service"
  value       = aws_ecs_service.service.name
}

output "task_definition_arn" {
  description = "ARN of the task definition"
  value       = aws_ecs_task_definition.task.arn
}

output "task_definition_arn_without_revision" {
  description = "ARN without revision of the task definition"
  value       = aws_ecs_task_definition.task.arn_without_revision
}

output "task_definition_family" {
  description = "Family of the task definition"
  value       = aws_ecs_task_definition.task.family
}

output "task_role_arn" {
  description = "ARN of the role task"
  value       = aws_iam_role.task.arn
}

output "task_role_name" {
  description = "Name of the role task"
  value       = aws_iam_role.task.name
}
