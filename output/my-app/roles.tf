# Rendered by rolewright from ec2.yaml. Change the manifest, not this file.

# manifest: compute.type
# The role instance: what everything that runs on the instance may do.
resource "aws_iam_role" "instance" {
  name               = "my-app-role"
  description        = "my-app: what everything that runs on the instance may do"
  assume_role_policy = data.aws_iam_policy_document.instance_trust.json
  tags               = local.tags
}

data "aws_iam_policy_document" "instance_trust" {
  statement {
    sid     = "Assume"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "instance" {
  # manifest: resources.data.access
  # list: list objects; without it a missing object answers 403 and not 404
  statement {
    sid       = "DataBucket"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::my-bucket"]
  }
  # manifest: resources.data.access
  # get: read objects
  statement {
    sid       = "DataObject"
    actions   = ["s3:GetObject"]
    resources = ["arn:${local.partition}:s3:::my-bucket/*"]
  }
}

resource "aws_iam_role_policy" "instance" {
  name   = "my-app-role"
  role   = aws_iam_role.instance.id
  policy = data.aws_iam_policy_document.instance.json
}

# manifest: exclusive
# What somebody adds to the role by hand is taken away at the next apply.
resource "aws_iam_role_policies_exclusive" "instance" {
  role_name    = aws_iam_role.instance.name
  policy_names = [aws_iam_role_policy.instance.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "instance" {
  role_name   = aws_iam_role.instance.name
  policy_arns = []
}
