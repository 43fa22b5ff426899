# Rendered by rolewright from lambda.yaml. Change the manifest, not this file.

output "execution_role_arn" {
  description = "ARN of the role execution"
  value       = aws_iam_role.execution.arn
}

output "execution_role_name" {
  description = "Name of the role execution"
  value       = aws_iam_role.execution.name
}

output "function_arn" {
  description = "ARN of the function"
  value       = aws_lambda_function.function.arn
}

output "function_invoke_arn" {
  description = "ARN, as API Gateway calls it, of the function"
  value       = aws_lambda_function.function.invoke_arn
}

output "function_log_group_arn" {
  description = "ARN of the log group (function)"
  value       = aws_cloudwatch_log_group.function.arn
}

output "function_log_group_name" {
  description = "Name of the log group (function)"
  value       = aws_cloudwatch_log_group.function.name
}

output "function_name" {
  description = "Name of the function"
  value       = aws_lambda_function.function.function_name
}

output "function_version" {
  description = "Latest version of the function"
  value       = aws_lambda_function.function.version
}
