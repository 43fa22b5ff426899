# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

# manifest: compute.type
# The role task: what the code inside the containers may do.
resource "aws_iam_role" "task" {
  name               = "orders-${var.environment}-task"
  description        = "orders: what the code inside the containers may do"
  assume_role_policy = data.aws_iam_policy_document.task_trust.json
  tags               = local.tags
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
  # manifest: resources.table.access
  # get: read one item by its key, also inside a transaction
  # query: read the items under a partition key, in the table and its indexes
  # put: create and replace items
  # update: change attributes of an item, which creates the item where it is missing
  statement {
    sid       = "TableTable"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
    resources = ["arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/orders-${var.environment}"]
  }
  # manifest: resources.table.access
  # query: read the items under a partition key, in the table and its indexes
  statement {
    sid     = "TableIndex"
    actions = ["dynamodb:Query"]
    resources = [
      "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/orders-${var.environment}/index/*",
    ]
  }
  # manifest: resources.table.kms_key
  # DynamoDB opens the table's own key with this one in the caller's name, to read and to write
  statement {
    sid       = "TableKmsKeyUseKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.key.arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${local.region}.${local.dns_suffix}"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:dynamodb:tableName"
      values   = ["orders-${var.environment}"]
    }
  }
  # manifest: resources.table.kms_key
  # DynamoDB checks the state of the key in the caller's name; this call carries no encryption context
  statement {
    sid       = "TableKmsKeyDescribeKey"
    actions   = ["kms:DescribeKey"]
    resources = [aws_kms_key.key.arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["dynamodb.${local.region}.${local.dns_suffix}"]
    }
  }
  # manifest: resources.uploads.access
  # list: list objects; without it a missing object answers 403 and not 404
  statement {
    sid       = "UploadsBucket"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${var.uploads_name}"]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["in/*"]
    }
  }
  # manifest: resources.uploads.access
  # get: read objects
  statement {
    sid       = "UploadsObject"
    actions   = ["s3:GetObject"]
    resources = ["arn:${local.partition}:s3:::${var.uploads_name}/in/*"]
  }
  # manifest: resources.uploads.kms_key
  # objects are encrypted with this key
  statement {
    sid       = "UploadsKmsKeyDecrypt"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.key.arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.${local.dns_suffix}"]
    }
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values = [
        "arn:${local.partition}:s3:::${var.uploads_name}",
        "arn:${local.partition}:s3:::${var.uploads_name}/in/*",
      ]
    }
  }
  # manifest: resources.events.access
  # send: send messages, one or several
  # resolve: find the queue's URL by its name
  statement {
    sid       = "EventsQueue"
    actions   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account}:orders-events-${var.environment}"]
  }
  # manifest: resources.events.kms_key
  # messages are encrypted with this key; SQS also decrypts to reuse a data key
  statement {
    sid       = "EventsKmsKeyEncrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.key.arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${local.region}.${local.dns_suffix}"]
    }
  }
  # manifest: resources.partner-events.access
  # consume: receive messages, hide them while they are handled, and take the handled ones off the queue
  statement {
    sid       = "PartnerEventsQueue"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = ["arn:aws:sqs:us-east-1:999999999999:partner-events"]
  }
}

resource "aws_iam_role_policy" "task" {
  name   = "orders-${var.environment}-task"
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
  name               = "orders-${var.environment}-execution"
  description        = "orders: what ECS needs to start the task"
  assume_role_policy = data.aws_iam_policy_document.execution_trust.json
  tags               = local.tags
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
  # manifest: compute.secrets.DB_PASSWORD
  # injection: the platform reads the value and hands it to the container
  statement {
    sid       = "DbSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.db.arn]
  }
  # manifest: resources.db.kms_key
  # the value is encrypted with this key
  statement {
    sid       = "DbKmsKeyDecrypt"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.key.arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${local.region}.${local.dns_suffix}"]
    }
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:SecretARN"
      values   = [aws_secretsmanager_secret.db.arn]
    }
  }
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
    resources = ["arn:${local.partition}:ecr:us-east-1:111111111111:repository/orders"]
  }
  # manifest: compute.type
  # write the container's output to the task's log group, which the module makes
  statement {
    sid     = "WriteLogs"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/ecs/orders-${var.environment}:log-stream:*",
    ]
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "orders-${var.environment}-execution"
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
