# Rendered by rolewright from github-actions.yaml. Change the manifest, not this file.

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
  target = data.aws_iam_policy_document.workflow
  values = {
    json = "{\"Id\": \"workflow\"}"
  }
}

override_data {
  target = data.aws_iam_policy_document.workflow_trust
  values = {
    json = "{\"Id\": \"workflow_trust\"}"
  }
}

override_resource {
  target = aws_iam_role.workflow
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_role/workflow"
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
    condition = toset(flatten([for s in data.aws_iam_policy_document.workflow_trust.statement : [for a in s.actions : [for p in s.principals : [for i in p.identifiers :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} by ${p.type} ${i}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]]])) == toset([
      "Allow sts:AssumeRoleWithWebIdentity by Federated arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com if StringEquals token.actions.githubusercontent.com:aud sts.amazonaws.com and StringLike token.actions.githubusercontent.com:sub repo:my-org/my-app:ref:refs/heads/main",
    ])
    error_message = "Others may assume the role workflow than the manifest says."
  }

  assert {
    condition     = aws_iam_role.workflow.name == "my-app-ci-workflow" && aws_iam_role.workflow.assume_role_policy == data.aws_iam_policy_document.workflow_trust.json && aws_iam_role.workflow.permissions_boundary == null
    error_message = "The role workflow has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.workflow.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow ecr:BatchCheckLayerAvailability on arn:aws:ecr:us-east-1:123456789012:repository/my-app",
      "Allow ecr:BatchGetImage on arn:aws:ecr:us-east-1:123456789012:repository/my-app",
      "Allow ecr:CompleteLayerUpload on arn:aws:ecr:us-east-1:123456789012:repository/my-app",
      "Allow ecr:GetAuthorizationToken on *",
      "Allow ecr:InitiateLayerUpload on arn:aws:ecr:us-east-1:123456789012:repository/my-app",
      "Allow ecr:PutImage on arn:aws:ecr:us-east-1:123456789012:repository/my-app",
      "Allow ecr:UploadLayerPart on arn:aws:ecr:us-east-1:123456789012:repository/my-app",
    ])
    error_message = "The policy workflow of the role workflow is not what the manifest declares."
  }

  assert {
    condition     = aws_iam_role_policy.workflow.policy == data.aws_iam_policy_document.workflow.json
    error_message = "The role workflow has another policy in the place of workflow."
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.workflow.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in ["ecr:batchdeleteimage"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["arn:aws:ecr:us-east-1:123456789012:repository/my-app"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role workflow breaks the promise: never delete on images"
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.workflow.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in ["iam:*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role workflow breaks the promise: never iam:* on *"
  }

  assert {
    condition = alltrue([
      join(" ", sort(aws_iam_role_policies_exclusive.workflow.policy_names)) == join(" ", sort([aws_iam_role_policy.workflow.name])),
      join(" ", sort(aws_iam_role_policy_attachments_exclusive.workflow.policy_arns)) == join(" ", sort([])),
    ])
    error_message = "The role workflow keeps policies that the manifest does not know."
  }
}
