# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

output "db_arn" {
  description = "ARN of the secret resources.db"
  value       = aws_secretsmanager_secret.db.arn
}

output "db_name" {
  description = "Name of the secret resources.db"
  value       = aws_secretsmanager_secret.db.name
}

output "events_arn" {
  description = "ARN of the queue resources.events"
  value       = aws_sqs_queue.events.arn
}

output "events_dead_letter_arn" {
  description = "ARN of the queue resources.events (dead letter)"
  value       = aws_sqs_queue.events_dead_letter.arn
}

output "events_dead_letter_name" {
  description = "Name of the queue resources.events (dead letter)"
  value       = aws_sqs_queue.events_dead_letter.name
}

output "events_dead_letter_url" {
  description = "URL of the queue resources.events (dead letter)"
  value       = aws_sqs_queue.events_dead_letter.url
}

output "events_name" {
  description = "Name of the queue resources.events"
  value       = aws_sqs_queue.events.name
}

output "events_url" {
  description = "URL of the queue resources.events"
  value       = aws_sqs_queue.events.url
}

output "execution_role_arn" {
  description = "ARN of the role execution"
  value       = aws_iam_role.execution.arn
}

output "execution_role_name" {
  description = "Name of the role execution"
  value       = aws_iam_role.execution.name
}

output "key_alias_arn" {
  description = "ARN of the alias resources.key"
  value       = aws_kms_alias.key.arn
}

output "key_alias_name" {
  description = "Name of the alias resources.key"
  value       = aws_kms_alias.key.name
}

output "key_arn" {
  description = "ARN of the key resources.key"
  value       = aws_kms_key.key.arn
}

output "key_id" {
  description = "Id of the key resources.key"
  value       = aws_kms_key.key.key_id
}

output "log_group_arn" {
  description = "ARN of the log group"
  value       = aws_cloudwatch_log_group.task.arn
}

output "log_group_name" {
  description = "Name of the log group"
  value       = aws_cloudwatch_log_group.task.name
}

output "table_arn" {
  description = "ARN of the table resources.table"
  value       = aws_dynamodb_table.table.arn
}

output "table_name" {
  description = "Name of the table resources.table"
  value       = aws_dynamodb_table.table.name
}

output "table_stream_arn" {
  description = "ARN of the stream of the table resources.table"
  value       = aws_dynamodb_table.table.stream_arn
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

output "uploads_arn" {
  description = "ARN of the bucket resources.uploads"
  value       = aws_s3_bucket.uploads.arn
}

output "uploads_name" {
  description = "Name of the bucket resources.uploads"
  value       = aws_s3_bucket.uploads.bucket
}

output "uploads_regional_domain_name" {
  description = "Regional DNS name of the bucket resources.uploads"
  value       = aws_s3_bucket.uploads.bucket_regional_domain_name
}
