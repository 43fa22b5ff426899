# Rendered by rolewright from inputs.yaml. Change the manifest, not this file.

# manifest: compute.type
# The role task: what the code inside the containers may do.
resource "aws_iam_role" "task" {
  name                 = "shop-api-task"
  description          = "shop-api: what the code inside the containers may do"
  assume_role_policy   = data.aws_iam_policy_document.task_trust.json
  permissions_boundary = var.boundary
  tags                 = local.tags
}

data "aws_iam_policy_document" "task_trust" {
  statement {
    sid     = "Assume"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:*"]
    }
  }
}

data "aws_iam_policy_document" "task" {
  # manifest: resources.orders.access
  # get: read one item by its key, also inside a transaction
  # query: read the items under a partition key, in the table and its indexes
  statement {
    sid       = "OrdersTable"
    actions   = ["dynamodb:GetItem", "dynamodb:Query"]
    resources = [var.orders_table]
  }
  # manifest: resources.orders.access
  # query: read the items under a partition key, in the table and its indexes
  statement {
    sid       = "OrdersIndex"
    actions   = ["dynamodb:Query"]
    resources = ["${var.orders_table}/index/*"]
  }
  # manifest: resources.orders.kms_key
  # DynamoDB opens the table's own key with this one in the caller's name, to read and to write
  statement {
    sid       = "OrdersKmsKeyUseKey"
    actions   = ["kms:Decrypt"]
    resources = [var.orders_key]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${split(":", var.orders_table)[3]}.${local.dns_suffix}"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:dynamodb:tableName"
      values   = [trimprefix(split(":", var.orders_table)[5], "table/")]
    }
  }
  # manifest: resources.orders.kms_key
  # DynamoDB checks the state of the key in the caller's name; this call carries no encryption context
  statement {
    sid       = "OrdersKmsKeyDescribeKey"
    actions   = ["kms:DescribeKey"]
    resources = [var.orders_key]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${split(":", var.orders_table)[3]}.${local.dns_suffix}"]
    }
  }
  # manifest: resources.events.access
  # send: send messages, one or several
  statement {
    sid       = "EventsQueue"
    actions   = ["sqs:SendMessage"]
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account}:${var.events_queue}"]
  }
}

resource "aws_iam_role_policy" "task" {
  name   = "shop-api-task"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

# manifest: exclusive
# What somebody adds to the role by hand is taken away at the next apply.
resource "aws_iam_role_policies_exclusive" "task" {
  role_name    = aws_iam_role.task.name
  policy_names = [aws_iam_role_policy.task.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "task" {
  role_name   = aws_iam_role.task.name
  policy_arns = []
}

# manifest: compute.type
# The role execution: what ECS needs to start the task.
resource "aws_iam_role" "execution" {
  name                 = "shop-api-execution"
  description          = "shop-api: what ECS needs to start the task"
  assume_role_policy   = data.aws_iam_policy_document.execution_trust.json
  permissions_boundary = var.boundary
  tags                 = local.tags
}

data "aws_iam_policy_document" "execution_trust" {
  statement {
    sid     = "Assume"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "execution" {
  # manifest: compute.image
  # log in to ECR; this action takes no resource but *
  statement {
    sid     = "EcrLogin"
    actions = ["ecr:GetAuthorizationToken"]
    # AWS has no narrower resource for this.
    #trivy:ignore:AVD-AWS-0057
    resources = ["*"]
  }
  # manifest: compute.image
  # pull the task's image
  statement {
    sid       = "PullImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:${local.partition}:ecr:us-east-1:123456789012:repository/shop-api"]
  }
  # manifest: compute.type
  # write the container's output to the task's log group, which the module makes
  statement {
    sid     = "WriteLogs"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/ecs/shop-api:log-stream:*",
    ]
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "shop-api-execution"
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
