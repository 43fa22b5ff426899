# Rendered by rolewright from lambda.yaml. Change the manifest, not this file.

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

override_resource {
  target = aws_cloudwatch_log_group.function
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_cloudwatch_log_group/function"
  }
}

override_resource {
  target = aws_iam_role.execution
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_role/execution"
  }
}

override_resource {
  target = aws_lambda_function.function
  values = {
    arn                         = "arn:aws:mock:us-east-1:123456789012:aws_lambda_function/function"
    invoke_arn                  = "arn:aws:mock:us-east-1:123456789012:aws_lambda_function/function"
    qualified_arn               = "arn:aws:mock:us-east-1:123456789012:aws_lambda_function/function"
    qualified_invoke_arn        = "arn:aws:mock:us-east-1:123456789012:aws_lambda_function/function"
    signing_job_arn             = "arn:aws:mock:us-east-1:123456789012:aws_lambda_function/function"
    signing_profile_version_arn = "arn:aws:mock:us-east-1:123456789012:aws_lambda_function/function"
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
    condition = toset(flatten([for s in data.aws_iam_policy_document.execution_trust.statement : [for a in s.actions : [for p in s.principals : [for i in p.identifiers :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} by ${p.type} ${i}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
    ]]]])) == toset(["Allow sts:AssumeRole by Service lambda.amazonaws.com"])
    error_message = "Others may assume the role execution than the manifest says."
  }

  assert {
    condition     = aws_iam_role.execution.name == "my-function-execution" && aws_iam_role.execution.assume_role_policy == data.aws_iam_policy_document.execution_trust.json && aws_iam_role.execution.permissions_boundary == null
    error_message = "The role execution has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.execution.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow dynamodb:GetItem on arn:aws:dynamodb:us-east-1:123456789012:table/my-table",
      "Allow dynamodb:PutItem on arn:aws:dynamodb:us-east-1:123456789012:table/my-table",
      "Allow logs:CreateLogStream on arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/my-function:log-stream:*",
      "Allow logs:PutLogEvents on arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/my-function:log-stream:*",
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
}
