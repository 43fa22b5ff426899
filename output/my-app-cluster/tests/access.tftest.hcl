# Rendered by rolewright from ecs-ec2.yaml. Change the manifest, not this file.

# `terraform test` holds the module against what the manifest declares. Nothing is made, and AWS is not asked.
# Terraform from 1.7 or OpenTofu from 1.8.

mock_provider "aws" {}

override_data {
  target = data.aws_caller_identity.current
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_caller_identity/current"
  }
}

override_data {
  target = data.aws_iam_policy_document.execution
  values = {
    json = "{\"Id\": \"execution\"}"
  }
}

override_data {
  target = data.aws_iam_policy_document.execution_trust
  values = {
    json = "{\"Id\": \"execution_trust\"}"
  }
}

override_data {
  target = data.aws_iam_policy_document.instance
  values = {
    json = "{\"Id\": \"instance\"}"
  }
}

override_data {
  target = data.aws_iam_policy_document.instance_trust
  values = {
    json = "{\"Id\": \"instance_trust\"}"
  }
}

override_data {
  target = data.aws_iam_policy_document.task
  values = {
    json = "{\"Id\": \"task\"}"
  }
}

override_data {
  target = data.aws_iam_policy_document.task_trust
  values = {
    json = "{\"Id\": \"task_trust\"}"
  }
}

override_data {
  target = data.aws_ssm_parameter.ami
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_ssm_parameter/ami"
  }
}

override_resource {
  target = aws_autoscaling_group.instances
  values = {
    arn                     = "arn:aws:mock:us-east-1:123456789012:aws_autoscaling_group/instances"
    service_linked_role_arn = "arn:aws:mock:us-east-1:123456789012:aws_autoscaling_group/instances"
  }
}

override_resource {
  target = aws_cloudwatch_log_group.task
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_cloudwatch_log_group/task"
  }
}

override_resource {
  target = aws_ecs_capacity_provider.instances
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_ecs_capacity_provider/instances"
  }
}

override_resource {
  target = aws_ecs_cluster.cluster
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_ecs_cluster/cluster"
  }
}

override_resource {
  target = aws_ecs_task_definition.task
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_ecs_task_definition/task"
  }
}

override_resource {
  target = aws_iam_instance_profile.instance
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_instance_profile/instance"
  }
}

override_resource {
  target = aws_iam_role.execution
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_role/execution"
  }
}

override_resource {
  target = aws_iam_role.instance
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_role/instance"
  }
}

override_resource {
  target = aws_iam_role.task
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_role/task"
  }
}

override_resource {
  target = aws_launch_template.instances
  values = {
    id  = "lt-0123456789abcdef0"
    arn = "arn:aws:mock:us-east-1:123456789012:aws_launch_template/instances"
  }
}

run "module" {
  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  override_data {
    target = data.aws_service_principal.current
    values = { region = "us-east-1" }
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.task_trust.statement : [for a in s.actions : [for p in s.principals : [for i in p.identifiers :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} by ${p.type} ${i}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]]])) == toset([
      "Allow sts:AssumeRole by Service ecs-tasks.amazonaws.com if ArnLike aws:SourceArn arn:aws:ecs:us-east-1:123456789012:* and StringEquals aws:SourceAccount 123456789012",
    ])
    error_message = "Others may assume the role task than the manifest says."
  }

  assert {
    condition     = aws_iam_role.task.name == "my-app-cluster-task" && aws_iam_role.task.assume_role_policy == data.aws_iam_policy_document.task_trust.json && aws_iam_role.task.permissions_boundary == null
    error_message = "The role task has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.task.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
    ]]])) == toset(["Allow s3:GetObject on arn:aws:s3:::my-bucket/*", "Allow s3:ListBucket on arn:aws:s3:::my-bucket"])
    error_message = "The policy task of the role task is not what the manifest declares."
  }

  assert {
    condition     = aws_iam_role_policy.task.policy == data.aws_iam_policy_document.task.json
    error_message = "The role task has another policy in the place of task."
  }

  assert {
    condition = alltrue([
      join(" ", sort(aws_iam_role_policies_exclusive.task.policy_names)) == join(" ", sort([aws_iam_role_policy.task.name])),
      join(" ", sort(aws_iam_role_policy_attachments_exclusive.task.policy_arns)) == join(" ", sort([])),
    ])
    error_message = "The role task keeps policies that the manifest does not know."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.execution_trust.statement : [for a in s.actions : [for p in s.principals : [for i in p.identifiers :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} by ${p.type} ${i}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
    ]]]])) == toset(["Allow sts:AssumeRole by Service ecs-tasks.amazonaws.com"])
    error_message = "Others may assume the role execution than the manifest says."
  }

  assert {
    condition     = aws_iam_role.execution.name == "my-app-cluster-execution" && aws_iam_role.execution.assume_role_policy == data.aws_iam_policy_document.execution_trust.json && aws_iam_role.execution.permissions_boundary == null
    error_message = "The role execution has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.execution.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow ecr:BatchCheckLayerAvailability on arn:aws:ecr:us-east-1:123456789012:repository/my-app",
      "Allow ecr:BatchGetImage on arn:aws:ecr:us-east-1:123456789012:repository/my-app",
      "Allow ecr:GetAuthorizationToken on *",
      "Allow ecr:GetDownloadUrlForLayer on arn:aws:ecr:us-east-1:123456789012:repository/my-app",
      "Allow logs:CreateLogStream on arn:aws:logs:us-east-1:123456789012:log-group:/ecs/my-app-cluster:log-stream:*",
      "Allow logs:PutLogEvents on arn:aws:logs:us-east-1:123456789012:log-group:/ecs/my-app-cluster:log-stream:*",
      "Allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/my-app/db-??????",
    ])
    error_message = "The policy execution of the role execution is not what the manifest declares."
  }

  assert {
    condition     = aws_iam_role_policy.execution.policy == data.aws_iam_policy_document.execution.json
    error_message = "The role execution has another policy in the place of execution."
  }

  assert {
    condition = alltrue([
      join(" ", sort(aws_iam_role_policies_exclusive.execution.policy_names)) == join(" ", sort([aws_iam_role_policy.execution.name])),
      join(" ", sort(aws_iam_role_policy_attachments_exclusive.execution.policy_arns)) == join(" ", sort([])),
    ])
    error_message = "The role execution keeps policies that the manifest does not know."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.instance_trust.statement : [for a in s.actions : [for p in s.principals : [for i in p.identifiers :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} by ${p.type} ${i}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
    ]]]])) == toset(["Allow sts:AssumeRole by Service ec2.amazonaws.com"])
    error_message = "Others may assume the role instance than the manifest says."
  }

  assert {
    condition     = aws_iam_role.instance.name == "my-app-cluster-instance" && aws_iam_role.instance.assume_role_policy == data.aws_iam_policy_document.instance_trust.json && aws_iam_role.instance.permissions_boundary == null
    error_message = "The role instance has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.instance.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow ecs:DeregisterContainerInstance on arn:aws:ecs:us-east-1:123456789012:cluster/my-app-cluster",
      "Allow ecs:DiscoverPollEndpoint on *",
      "Allow ecs:Poll on arn:aws:ecs:us-east-1:123456789012:container-instance/my-app-cluster/* if ArnEquals ecs:cluster arn:aws:ecs:us-east-1:123456789012:cluster/my-app-cluster",
      "Allow ecs:RegisterContainerInstance on arn:aws:ecs:us-east-1:123456789012:cluster/my-app-cluster",
      "Allow ecs:StartTelemetrySession on arn:aws:ecs:us-east-1:123456789012:container-instance/my-app-cluster/* if ArnEquals ecs:cluster arn:aws:ecs:us-east-1:123456789012:cluster/my-app-cluster",
      "Allow ecs:SubmitAttachmentStateChanges on arn:aws:ecs:us-east-1:123456789012:cluster/my-app-cluster",
      "Allow ecs:SubmitContainerStateChange on arn:aws:ecs:us-east-1:123456789012:cluster/my-app-cluster",
      "Allow ecs:SubmitTaskStateChange on arn:aws:ecs:us-east-1:123456789012:cluster/my-app-cluster",
      "Allow ecs:UpdateContainerInstancesState on arn:aws:ecs:us-east-1:123456789012:container-instance/my-app-cluster/* if ArnEquals ecs:cluster arn:aws:ecs:us-east-1:123456789012:cluster/my-app-cluster",
    ])
    error_message = "The policy instance of the role instance is not what the manifest declares."
  }

  assert {
    condition     = aws_iam_role_policy.instance.policy == data.aws_iam_policy_document.instance.json
    error_message = "The role instance has another policy in the place of instance."
  }

  assert {
    condition = alltrue([
      join(" ", sort(aws_iam_role_policies_exclusive.instance.policy_names)) == join(" ", sort([aws_iam_role_policy.instance.name])),
      join(" ", sort(aws_iam_role_policy_attachments_exclusive.instance.policy_arns)) == join(" ", sort([])),
    ])
    error_message = "The role instance keeps policies that the manifest does not know."
  }
}
