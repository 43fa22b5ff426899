# Rendered by rolewright from ecs-ec2.yaml. Change the manifest, not this file.

# manifest: compute.type
# The role task: what the code inside the containers may do.
resource "aws_iam_role" "task" {
  name               = "my-app-cluster-task"
  description        = "my-app-cluster: what the code inside the containers may do"
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

resource "aws_iam_role_policy" "task" {
  name   = "my-app-cluster-task"
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
  name               = "my-app-cluster-execution"
  description        = "my-app-cluster: what ECS needs to start the task"
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
    sid     = "DbCredentialsSecret"
    actions = ["secretsmanager:GetSecretValue"]
    resources = [
      "arn:${local.partition}:secretsmanager:${local.region}:${local.account}:secret:prod/my-app/db-??????",
    ]
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
    resources = ["arn:${local.partition}:ecr:us-east-1:123456789012:repository/my-app"]
  }
  # manifest: compute.type
  # write the container's output to the task's log group, which the module makes
  statement {
    sid     = "WriteLogs"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/ecs/my-app-cluster:log-stream:*",
    ]
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "my-app-cluster-execution"
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

# manifest: compute.type
# The role instance: what the ECS agent on the instances needs; tasks cannot use it.
resource "aws_iam_role" "instance" {
  name               = "my-app-cluster-instance"
  description        = "my-app-cluster: what the ECS agent on the instances needs; tasks cannot use it"
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
  # manifest: compute.type
  # the agent joins the module's cluster and reports the state of its tasks
  statement {
    sid = "JoinCluster"
    actions = [
      "ecs:DeregisterContainerInstance",
      "ecs:RegisterContainerInstance",
      "ecs:SubmitAttachmentStateChanges",
      "ecs:SubmitContainerStateChange",
      "ecs:SubmitTaskStateChange",
    ]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/my-app-cluster"]
  }
  # manifest: compute.type
  # the agent receives tasks of the module's cluster
  statement {
    sid       = "TakeTasks"
    actions   = ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"]
    resources = ["arn:${local.partition}:ecs:${local.region}:${local.account}:container-instance/my-app-cluster/*"]
    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/my-app-cluster"]
    }
  }
  # manifest: compute.type
  # the agent looks up the ECS endpoint; this action takes no resource but *
  statement {
    sid     = "FindEndpoint"
    actions = ["ecs:DiscoverPollEndpoint"]
    # AWS has no narrower resource for this.
    #trivy:ignore:AVD-AWS-0057
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "instance" {
  name   = "my-app-cluster-instance"
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
