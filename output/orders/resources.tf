# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

# manifest: resources.key
resource "aws_kms_key" "key" {
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key_key.json
  tags                    = local.tags
}

resource "aws_kms_alias" "key" {
  name          = "alias/orders-${var.environment}"
  target_key_id = aws_kms_key.key.key_id
}

data "aws_iam_policy_document" "key_key" {
  #checkov:skip=CKV_AWS_109:in a key policy * is this key, and the account's IAM policies have to be able to manage it
  #checkov:skip=CKV_AWS_111:in a key policy * is this key, and the account's IAM policies have to be able to use it
  #checkov:skip=CKV_AWS_356:in a key policy * is this key
  # the account's IAM policies decide who manages and uses the key; * is this key
  statement {
    sid       = "EnableIamPolicies"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
}

# manifest: resources.table
resource "aws_dynamodb_table" "table" {
  name                        = "orders-${var.environment}"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = true
  hash_key                    = "id"
  tags                        = local.tags
  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.key.arn
  }
}

# manifest: resources.uploads
resource "aws_s3_bucket" "uploads" {
  #checkov:skip=CKV_AWS_18:access logs need a second bucket, which a team shares between its buckets
  #checkov:skip=CKV_AWS_144:a copy in another region is a choice of cost, not a default
  #checkov:skip=CKV2_AWS_62:only functions with a trigger that names this bucket listen to its events
  bucket = var.uploads_name
  tags   = local.tags
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  bucket                  = aws_s3_bucket.uploads.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "uploads" {
  bucket = aws_s3_bucket.uploads.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "uploads" {
  bucket = aws_s3_bucket.uploads.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.key.arn
    }
  }
}

resource "aws_s3_bucket_versioning" "uploads" {
  bucket = aws_s3_bucket.uploads.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  bucket     = aws_s3_bucket.uploads.id
  depends_on = [aws_s3_bucket_versioning.uploads]
  rule {
    id     = "tidy-up"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
    noncurrent_version_expiration {
      noncurrent_days = 90
    }
  }
}

data "aws_iam_policy_document" "uploads_bucket" {
  # nobody reaches the bucket without TLS
  statement {
    sid     = "DenyInsecureTransport"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      "arn:${local.partition}:s3:::${var.uploads_name}",
      "arn:${local.partition}:s3:::${var.uploads_name}/*",
    ]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "uploads" {
  bucket = aws_s3_bucket_public_access_block.uploads.bucket
  policy = data.aws_iam_policy_document.uploads_bucket.json
}

# manifest: resources.events
resource "aws_sqs_queue" "events" {
  name                       = "orders-events-${var.environment}"
  visibility_timeout_seconds = 30
  message_retention_seconds  = 345600
  receive_wait_time_seconds  = 20
  kms_master_key_id          = aws_kms_key.key.arn
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.events_dead_letter.arn
    maxReceiveCount     = 5
  })
  tags = local.tags
}

data "aws_iam_policy_document" "events_queue" {
  # nobody reaches the queue without TLS
  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account}:orders-events-${var.environment}"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.url
  policy    = data.aws_iam_policy_document.events_queue.json
}

# Messages that could not be handled are kept for 14 days, the longest that SQS allows.
resource "aws_sqs_queue" "events_dead_letter" {
  name                      = "orders-events-${var.environment}-dlq"
  message_retention_seconds = 1209600
  kms_master_key_id         = aws_kms_key.key.arn
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["arn:${local.partition}:sqs:${local.region}:${local.account}:orders-events-${var.environment}"]
  })
  tags = local.tags
}

data "aws_iam_policy_document" "events_dead_letter" {
  # nobody reaches the queue without TLS
  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.events_dead_letter.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "events_dead_letter" {
  queue_url = aws_sqs_queue.events_dead_letter.url
  policy    = data.aws_iam_policy_document.events_dead_letter.json
}

# manifest: resources.db
resource "aws_secretsmanager_secret" "db" {
  #checkov:skip=CKV2_AWS_57:rotation needs a function that knows where the secret is used
  name                    = "orders/${var.environment}/db"
  kms_key_id              = aws_kms_key.key.arn
  recovery_window_in_days = 30
  tags                    = local.tags
}
