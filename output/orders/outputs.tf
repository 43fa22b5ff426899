# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

output "task_role_arn" {
  description = "ARN of the role task"
  value       = aws_iam_role.task.arn
}

output "execution_role_arn" {
  description = "ARN of the role execution"
  value       = aws_iam_role.execution.arn
}

output "key_arn" {
  description = "ARN of key"
  value       = aws_kms_key.key.arn
}

output "table_arn" {
  description = "ARN of table"
  value       = aws_dynamodb_table.table.arn
}

output "uploads_arn" {
  description = "ARN of uploads"
  value       = aws_s3_bucket.uploads.arn
}

output "events_arn" {
  description = "ARN of events"
  value       = aws_sqs_queue.events.arn
}

output "db_arn" {
  description = "ARN of db"
  value       = aws_secretsmanager_secret.db.arn
}
