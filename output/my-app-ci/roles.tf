# Rendered by rolewright from github-actions.yaml. Change the manifest, not this file.

# manifest: compute.type
# The role workflow: what the jobs of the workflows may do.
resource "aws_iam_role" "workflow" {
  name               = "my-app-ci-workflow"
  description        = "my-app-ci: what the jobs of the workflows may do"
  assume_role_policy = data.aws_iam_policy_document.workflow_trust.json
  tags               = local.tags
}

data "aws_iam_policy_document" "workflow_trust" {
  statement {
    sid     = "Assume"
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = ["arn:${local.partition}:iam::${local.account}:oidc-provider/token.actions.githubusercontent.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:my-org/my-app:ref:refs/heads/main"]
    }
  }
}

data "aws_iam_policy_document" "workflow" {
  # manifest: resources.images.access
  # push: sign in and push images
  statement {
    sid = "ImagesRepository"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = ["arn:${local.partition}:ecr:${local.region}:${local.account}:repository/my-app"]
  }
  # manifest: resources.images.access
  # push: sign in and push images
  statement {
    sid     = "ImagesAny"
    actions = ["ecr:GetAuthorizationToken"]
    # AWS has no narrower resource for this.
    #trivy:ignore:AVD-AWS-0057
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "workflow" {
  name   = "my-app-ci-workflow"
  role   = aws_iam_role.workflow.id
  policy = data.aws_iam_policy_document.workflow.json
}

# manifest: exclusive
# What somebody adds to the role by hand is taken away at the next apply.
resource "aws_iam_role_policies_exclusive" "workflow" {
  role_name    = aws_iam_role.workflow.name
  policy_names = [aws_iam_role_policy.workflow.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "workflow" {
  role_name   = aws_iam_role.workflow.name
  policy_arns = []
}
