# Rendered by rolewright from inputs.yaml. Change the manifest, not this file.

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

override_resource {
  target = aws_cloudwatch_log_group.task
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_cloudwatch_log_group/task"
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
  target = aws_iam_role.execution
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_role/execution"
  }
}

override_resource {
  target = aws_iam_role.task
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_iam_role/task"
  }
}

run "module" {
  variables {
    release         = "stable"
    subnets         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    security_groups = ["sg-0123456789abcdef0"]
    orders_table    = "arn:aws:dynamodb:us-east-1:123456789012:table/my-table"
    orders_key      = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    events_queue    = "my-queue"
    log_level       = "info"
    boundary        = "arn:aws:iam::123456789012:policy/boundary"
    common_tags = {
      team = "example"
    }
  }

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
    condition     = aws_iam_role.task.name == "shop-api-task" && aws_iam_role.task.assume_role_policy == data.aws_iam_policy_document.task_trust.json && aws_iam_role.task.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The role task has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.task.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow dynamodb:GetItem on arn:aws:dynamodb:us-east-1:123456789012:table/my-table",
      "Allow dynamodb:Query on arn:aws:dynamodb:us-east-1:123456789012:table/my-table",
      "Allow dynamodb:Query on arn:aws:dynamodb:us-east-1:123456789012:table/my-table/index/*",
      "Allow kms:Decrypt on arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab if StringEquals kms:EncryptionContext:aws:dynamodb:tableName my-table and StringEquals kms:ViaService dynamodb.us-east-1.amazonaws.com",
      "Allow kms:DescribeKey on arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab if StringEquals kms:ViaService dynamodb.us-east-1.amazonaws.com",
      "Allow sqs:SendMessage on arn:aws:sqs:us-east-1:123456789012:my-queue",
    ])
    error_message = "The policy task of the role task is not what the manifest declares."
  }

  assert {
    condition     = aws_iam_role_policy.task.policy == data.aws_iam_policy_document.task.json
    error_message = "The role task has another policy in the place of task."
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.task.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in [
        "acm-pca:revokecertificate",
        "aps:deletealertmanagersilence",
        "athena:deletenamedquery",
        "athena:deletepreparedstatement",
        "autoscaling:terminateinstanceinautoscalinggroup",
        "bedrock-agentcore:batchdeletememoryrecords",
        "bedrock-agentcore:deleteevent",
        "bedrock-agentcore:deletememoryrecord",
        "bedrock:deleteagentmemory",
        "bedrock:deleteknowledgebasedocuments",
        "cassandra:modify",
        "cloudfront-keyvaluestore:deletekey",
        "cloudfront-keyvaluestore:updatekeys",
        "cloudwatch:deletealarms",
        "codeartifact:deletepackageversions",
        "cognito-identity:deleteidentities",
        "cognito-identity:unlinkdeveloperidentity",
        "cognito-idp:admindeleteuser",
        "cognito-idp:admindeleteuserattributes",
        "cognito-idp:adminforgetdevice",
        "cognito-idp:deletegroup",
        "dax:batchwriteitem",
        "dax:deleteitem",
        "dynamodb:batchwriteitem",
        "dynamodb:deleteitem",
        "dynamodb:partiqldelete",
        "dynamodb:updatetable",
        "ecr:batchdeleteimage",
        "elasticfilesystem:clientwrite",
        "es:eshttpdelete",
        "events:deleterule",
        "events:removetargets",
        "geo:batchdeletedevicepositionhistory",
        "geo:batchdeletegeofence",
        "glue:batchdeletepartition",
        "glue:batchdeletetable",
        "glue:deletepartition",
        "glue:deletetable",
        "iot:deleteconnection",
        "iot:deletethingshadow",
        "kendra:batchdeletedocument",
        "kinesis:deregisterstreamconsumer",
        "neptune-db:deletedataviaquery",
        "rekognition:deletefaces",
        "route53:changeresourcerecordsets",
        "s3:deleteobject",
        "s3:deleteobjectversion",
        "s3files:clientwrite",
        "s3vectors:deletevectors",
        "scheduler:deleteschedule",
        "sns:unsubscribe",
        "sqs:purgequeue",
        "transcribe:deletetranscriptionjob",
        "transfer:deletesshpublickey",
        "transfer:startremotedelete",
      ] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role task breaks the promise: never delete on *"
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.task.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in ["dynamodb:putitem"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role task breaks the promise: never dynamodb:PutItem on *"
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
    condition     = aws_iam_role.execution.name == "shop-api-execution" && aws_iam_role.execution.assume_role_policy == data.aws_iam_policy_document.execution_trust.json && aws_iam_role.execution.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"
    error_message = "The role execution has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.execution.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow ecr:BatchCheckLayerAvailability on arn:aws:ecr:us-east-1:123456789012:repository/shop-api",
      "Allow ecr:BatchGetImage on arn:aws:ecr:us-east-1:123456789012:repository/shop-api",
      "Allow ecr:GetAuthorizationToken on *",
      "Allow ecr:GetDownloadUrlForLayer on arn:aws:ecr:us-east-1:123456789012:repository/shop-api",
      "Allow logs:CreateLogStream on arn:aws:logs:us-east-1:123456789012:log-group:/ecs/shop-api:log-stream:*",
      "Allow logs:PutLogEvents on arn:aws:logs:us-east-1:123456789012:log-group:/ecs/shop-api:log-stream:*",
    ])
    error_message = "The policy execution of the role execution is not what the manifest declares."
  }

  assert {
    condition     = aws_iam_role_policy.execution.policy == data.aws_iam_policy_document.execution.json
    error_message = "The role execution has another policy in the place of execution."
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.execution.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in [
        "acm-pca:revokecertificate",
        "aps:deletealertmanagersilence",
        "athena:deletenamedquery",
        "athena:deletepreparedstatement",
        "autoscaling:terminateinstanceinautoscalinggroup",
        "bedrock-agentcore:batchdeletememoryrecords",
        "bedrock-agentcore:deleteevent",
        "bedrock-agentcore:deletememoryrecord",
        "bedrock:deleteagentmemory",
        "bedrock:deleteknowledgebasedocuments",
        "cassandra:modify",
        "cloudfront-keyvaluestore:deletekey",
        "cloudfront-keyvaluestore:updatekeys",
        "cloudwatch:deletealarms",
        "codeartifact:deletepackageversions",
        "cognito-identity:deleteidentities",
        "cognito-identity:unlinkdeveloperidentity",
        "cognito-idp:admindeleteuser",
        "cognito-idp:admindeleteuserattributes",
        "cognito-idp:adminforgetdevice",
        "cognito-idp:deletegroup",
        "dax:batchwriteitem",
        "dax:deleteitem",
        "dynamodb:batchwriteitem",
        "dynamodb:deleteitem",
        "dynamodb:partiqldelete",
        "dynamodb:updatetable",
        "ecr:batchdeleteimage",
        "elasticfilesystem:clientwrite",
        "es:eshttpdelete",
        "events:deleterule",
        "events:removetargets",
        "geo:batchdeletedevicepositionhistory",
        "geo:batchdeletegeofence",
        "glue:batchdeletepartition",
        "glue:batchdeletetable",
        "glue:deletepartition",
        "glue:deletetable",
        "iot:deleteconnection",
        "iot:deletethingshadow",
        "kendra:batchdeletedocument",
        "kinesis:deregisterstreamconsumer",
        "neptune-db:deletedataviaquery",
        "rekognition:deletefaces",
        "route53:changeresourcerecordsets",
        "s3:deleteobject",
        "s3:deleteobjectversion",
        "s3files:clientwrite",
        "s3vectors:deletevectors",
        "scheduler:deleteschedule",
        "sns:unsubscribe",
        "sqs:purgequeue",
        "transcribe:deletetranscriptionjob",
        "transfer:deletesshpublickey",
        "transfer:startremotedelete",
      ] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role execution breaks the promise: never delete on *"
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.execution.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in ["dynamodb:putitem"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role execution breaks the promise: never dynamodb:PutItem on *"
  }

  assert {
    condition = alltrue([
      join(" ", sort(aws_iam_role_policies_exclusive.execution.policy_names)) == join(" ", sort([aws_iam_role_policy.execution.name])),
      join(" ", sort(aws_iam_role_policy_attachments_exclusive.execution.policy_arns)) == join(" ", sort([])),
    ])
    error_message = "The role execution keeps policies that the manifest does not know."
  }
}
