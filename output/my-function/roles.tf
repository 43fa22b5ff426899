# Rendered by rolewright from lambda.yaml. Change the manifest, not this file.

# manifest: compute.type
# The role execution: what the function's code may do.
resource "aws_iam_role" "execution" {
  name               = "my-function-execution"
  description        = "my-function: what the function's code may do"
  assume_role_policy = data.aws_iam_policy_document.execution_trust.json
  tags               = local.tags
}

data "aws_iam_policy_document" "execution_trust" {
  statement {
    sid     = "Assume"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "execution" {
  # manifest: resources.table.access
  # get: read one item by its key, also inside a transaction
  # put: create and replace items
  statement {
    sid       = "TableTable"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = ["arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/my-table"]
  }
  # manifest: compute.type
  # write the function's output to its log group, which the module makes
  statement {
    sid     = "WriteLogs"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/my-function:log-stream:*",
    ]
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "my-function-execution"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

# manifest: exclusive
# What somebody adds to the role by hand is taken away at the next apply.
resource "aws_iam_role_policies_exclusive" "execution" {
  role_name    = aws_iam_role.execution.name
  policy_names = [aws_iam_role_policy.execution.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "execution" {
  role_name   = aws_iam_role.execution.name
  policy_arns = []
}
