# Rendered by rolewright from ec2.yaml. Change the manifest, not this file.

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
  target = data.aws_ssm_parameter.ami
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_ssm_parameter/ami"
  }
}

override_resource {
  target = aws_iam_instance_profile.instance
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_instance_profile/instance"
  }
}

override_resource {
  target = aws_iam_role.instance
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_role/instance"
  }
}

override_resource {
  target = aws_instance.instance
  values = {
    arn                     = "arn:aws:mock:us-east-1:123456789012:aws_instance/instance"
    host_resource_group_arn = "arn:aws:mock:us-east-1:123456789012:aws_instance/instance"
    outpost_arn             = "arn:aws:mock:us-east-1:123456789012:aws_instance/instance"
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
    condition = toset(flatten([for s in data.aws_iam_policy_document.instance_trust.statement : [for a in s.actions : [for p in s.principals : [for i in p.identifiers :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} by ${p.type} ${i}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
    ]]]])) == toset(["Allow sts:AssumeRole by Service ec2.amazonaws.com"])
    error_message = "Others may assume the role instance than the manifest says."
  }

  assert {
    condition     = aws_iam_role.instance.name == "my-app-role" && aws_iam_role.instance.assume_role_policy == data.aws_iam_policy_document.instance_trust.json && aws_iam_role.instance.permissions_boundary == null
    error_message = "The role instance has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.instance.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
    ]]])) == toset(["Allow s3:GetObject on arn:aws:s3:::my-bucket/*", "Allow s3:ListBucket on arn:aws:s3:::my-bucket"])
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
