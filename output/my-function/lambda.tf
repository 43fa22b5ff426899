# Rendered by rolewright from lambda.yaml. Change the manifest, not this file.

# manifest: compute
resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key; log_kms_key in the manifest sets another
  name              = "/aws/lambda/my-function"
  retention_in_days = 365
  tags              = local.tags
}

# manifest: compute
resource "aws_lambda_function" "function" {
  #checkov:skip=CKV_AWS_272:code signing is a decision of the account, which has to make a signing profile first
  #checkov:skip=CKV_AWS_116:dead_letter in the manifest names a queue; a synchronous caller sees errors itself
  #checkov:skip=CKV_AWS_117:the function reaches AWS's public endpoints alone; vpc in the manifest changes that
  #checkov:skip=CKV_AWS_50:tracing costs per request; tracing in the manifest turns it on
  #checkov:skip=CKV_AWS_115:a reserve is taken from other functions; reserved_concurrency in the manifest sets one
  function_name    = "my-function"
  role             = aws_iam_role.execution.arn
  runtime          = "python3.13"
  handler          = "index.handler"
  filename         = var.package
  source_code_hash = fileexists(var.package) ? filebase64sha256(var.package) : null
  architectures    = ["x86_64"]
  memory_size      = 128
  timeout          = 3
  tags             = local.tags
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function.name
  }
  # A function that starts before its role's policies are there fails its first calls.
  depends_on = [aws_iam_role_policy.execution]
}
