# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

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
  target = data.aws_iam_policy_document.events_dead_letter
  values = {
    json = "{\"Id\": \"events_dead_letter\"}"
  }
}

override_data {
  target = data.aws_iam_policy_document.events_queue
  values = {
    json = "{\"Id\": \"events_queue\"}"
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
  target = data.aws_iam_policy_document.key_key
  values = {
    json = "{\"Id\": \"key_key\"}"
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
  target = data.aws_iam_policy_document.uploads_bucket
  values = {
    json = "{\"Id\": \"uploads_bucket\"}"
  }
}

override_resource {
  target = aws_cloudwatch_log_group.task
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_cloudwatch_log_group/task"
  }
}

override_resource {
  target = aws_dynamodb_table.table
  values = {
    arn        = "arn:aws:mock:us-east-1:123456789012:aws_dynamodb_table/table"
    stream_arn = "arn:aws:mock:us-east-1:123456789012:aws_dynamodb_table/table"
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

override_resource {
  target = aws_kms_alias.key
  values = {
    arn            = "arn:aws:mock:us-east-1:123456789012:aws_kms_alias/key"
    target_key_arn = "arn:aws:mock:us-east-1:123456789012:aws_kms_alias/key"
  }
}

override_resource {
  target = aws_kms_key.key
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_kms_key/key"
  }
}

override_resource {
  target = aws_s3_bucket.uploads
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_s3_bucket/uploads"
  }
}

override_resource {
  target = aws_secretsmanager_secret.db
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_secretsmanager_secret/db"
  }
}

override_resource {
  target = aws_sqs_queue.events
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_sqs_queue/events"
  }
}

override_resource {
  target = aws_sqs_queue.events_dead_letter
  values = {
    arn = "arn:aws:mock:us-east-1:123456789012:aws_sqs_queue/events_dead_letter"
  }
}

run "dev" {
  variables {
    environment           = "dev"
    account               = "111111111111"
    region                = "us-east-1"
    uploads_name          = "orders-uploads-dev"
    cpu                   = 256
    memory                = 512
    environment_log_level = "debug"
  }

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "111111111111" }
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
      "Allow sts:AssumeRole by Service ecs-tasks.amazonaws.com if ArnLike aws:SourceArn arn:aws:ecs:us-east-1:111111111111:* and StringEquals aws:SourceAccount 111111111111",
    ])
    error_message = "Others may assume the role task than the manifest says."
  }

  assert {
    condition     = aws_iam_role.task.name == "orders-dev-task" && aws_iam_role.task.assume_role_policy == data.aws_iam_policy_document.task_trust.json && aws_iam_role.task.permissions_boundary == null
    error_message = "The role task has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.task.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow dynamodb:GetItem on arn:aws:dynamodb:us-east-1:111111111111:table/orders-dev",
      "Allow dynamodb:PutItem on arn:aws:dynamodb:us-east-1:111111111111:table/orders-dev",
      "Allow dynamodb:Query on arn:aws:dynamodb:us-east-1:111111111111:table/orders-dev",
      "Allow dynamodb:Query on arn:aws:dynamodb:us-east-1:111111111111:table/orders-dev/index/*",
      "Allow dynamodb:UpdateItem on arn:aws:dynamodb:us-east-1:111111111111:table/orders-dev",
      "Allow kms:Decrypt on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:EncryptionContext:aws:dynamodb:tableName orders-dev and StringEquals kms:ViaService dynamodb.us-east-1.amazonaws.com",
      "Allow kms:Decrypt on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService s3.us-east-1.amazonaws.com and StringLike kms:EncryptionContext:aws:s3:arn arn:aws:s3:::orders-uploads-dev and StringLike kms:EncryptionContext:aws:s3:arn arn:aws:s3:::orders-uploads-dev/in/*",
      "Allow kms:Decrypt on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService sqs.us-east-1.amazonaws.com",
      "Allow kms:DescribeKey on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService dynamodb.us-east-1.amazonaws.com",
      "Allow kms:GenerateDataKey on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService sqs.us-east-1.amazonaws.com",
      "Allow s3:GetObject on arn:aws:s3:::orders-uploads-dev/in/*",
      "Allow s3:ListBucket on arn:aws:s3:::orders-uploads-dev if StringLike s3:prefix in/*",
      "Allow sqs:ChangeMessageVisibility on arn:aws:sqs:us-east-1:999999999999:partner-events",
      "Allow sqs:DeleteMessage on arn:aws:sqs:us-east-1:999999999999:partner-events",
      "Allow sqs:GetQueueAttributes on arn:aws:sqs:us-east-1:999999999999:partner-events",
      "Allow sqs:GetQueueUrl on arn:aws:sqs:us-east-1:111111111111:orders-events-dev",
      "Allow sqs:ReceiveMessage on arn:aws:sqs:us-east-1:999999999999:partner-events",
      "Allow sqs:SendMessage on arn:aws:sqs:us-east-1:111111111111:orders-events-dev",
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
      anytrue([for p in ["kms:decrypt"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["arn:aws:kms:*:*:key/payroll-*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role task breaks the promise: never kms:Decrypt on arn:aws:kms:*:*:key/payroll-*"
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.task.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in ["iam:*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role task breaks the promise: never iam:* on *"
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
    condition     = aws_iam_role.execution.name == "orders-dev-execution" && aws_iam_role.execution.assume_role_policy == data.aws_iam_policy_document.execution_trust.json && aws_iam_role.execution.permissions_boundary == null
    error_message = "The role execution has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.execution.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow ecr:BatchCheckLayerAvailability on arn:aws:ecr:us-east-1:111111111111:repository/orders",
      "Allow ecr:BatchGetImage on arn:aws:ecr:us-east-1:111111111111:repository/orders",
      "Allow ecr:GetAuthorizationToken on *",
      "Allow ecr:GetDownloadUrlForLayer on arn:aws:ecr:us-east-1:111111111111:repository/orders",
      "Allow kms:Decrypt on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService secretsmanager.us-east-1.amazonaws.com and StringLike kms:EncryptionContext:SecretARN arn:aws:mock:us-east-1:123456789012:aws_secretsmanager_secret/db",
      "Allow logs:CreateLogStream on arn:aws:logs:us-east-1:111111111111:log-group:/ecs/orders-dev:log-stream:*",
      "Allow logs:PutLogEvents on arn:aws:logs:us-east-1:111111111111:log-group:/ecs/orders-dev:log-stream:*",
      "Allow secretsmanager:GetSecretValue on arn:aws:mock:us-east-1:123456789012:aws_secretsmanager_secret/db",
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
      anytrue([for p in ["kms:decrypt"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["arn:aws:kms:*:*:key/payroll-*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role execution breaks the promise: never kms:Decrypt on arn:aws:kms:*:*:key/payroll-*"
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.execution.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in ["iam:*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role execution breaks the promise: never iam:* on *"
  }

  assert {
    condition = alltrue([
      join(" ", sort(aws_iam_role_policies_exclusive.execution.policy_names)) == join(" ", sort([aws_iam_role_policy.execution.name])),
      join(" ", sort(aws_iam_role_policy_attachments_exclusive.execution.policy_arns)) == join(" ", sort([])),
    ])
    error_message = "The role execution keeps policies that the manifest does not know."
  }
}

run "prod" {
  variables {
    environment           = "prod"
    account               = "222222222222"
    region                = "eu-west-1"
    uploads_name          = "orders-uploads-prod"
    cpu                   = 512
    memory                = 1024
    environment_log_level = "info"
  }

  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "222222222222" }
  }

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  override_data {
    target = data.aws_service_principal.current
    values = { region = "eu-west-1" }
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.task_trust.statement : [for a in s.actions : [for p in s.principals : [for i in p.identifiers :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} by ${p.type} ${i}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]]])) == toset([
      "Allow sts:AssumeRole by Service ecs-tasks.amazonaws.com if ArnLike aws:SourceArn arn:aws:ecs:eu-west-1:222222222222:* and StringEquals aws:SourceAccount 222222222222",
    ])
    error_message = "Others may assume the role task than the manifest says."
  }

  assert {
    condition     = aws_iam_role.task.name == "orders-prod-task" && aws_iam_role.task.assume_role_policy == data.aws_iam_policy_document.task_trust.json && aws_iam_role.task.permissions_boundary == null
    error_message = "The role task has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.task.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow dynamodb:GetItem on arn:aws:dynamodb:eu-west-1:222222222222:table/orders-prod",
      "Allow dynamodb:PutItem on arn:aws:dynamodb:eu-west-1:222222222222:table/orders-prod",
      "Allow dynamodb:Query on arn:aws:dynamodb:eu-west-1:222222222222:table/orders-prod",
      "Allow dynamodb:Query on arn:aws:dynamodb:eu-west-1:222222222222:table/orders-prod/index/*",
      "Allow dynamodb:UpdateItem on arn:aws:dynamodb:eu-west-1:222222222222:table/orders-prod",
      "Allow kms:Decrypt on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:EncryptionContext:aws:dynamodb:tableName orders-prod and StringEquals kms:ViaService dynamodb.eu-west-1.amazonaws.com",
      "Allow kms:Decrypt on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService s3.eu-west-1.amazonaws.com and StringLike kms:EncryptionContext:aws:s3:arn arn:aws:s3:::orders-uploads-prod and StringLike kms:EncryptionContext:aws:s3:arn arn:aws:s3:::orders-uploads-prod/in/*",
      "Allow kms:Decrypt on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService sqs.eu-west-1.amazonaws.com",
      "Allow kms:DescribeKey on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService dynamodb.eu-west-1.amazonaws.com",
      "Allow kms:GenerateDataKey on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService sqs.eu-west-1.amazonaws.com",
      "Allow s3:GetObject on arn:aws:s3:::orders-uploads-prod/in/*",
      "Allow s3:ListBucket on arn:aws:s3:::orders-uploads-prod if StringLike s3:prefix in/*",
      "Allow sqs:ChangeMessageVisibility on arn:aws:sqs:us-east-1:999999999999:partner-events",
      "Allow sqs:DeleteMessage on arn:aws:sqs:us-east-1:999999999999:partner-events",
      "Allow sqs:GetQueueAttributes on arn:aws:sqs:us-east-1:999999999999:partner-events",
      "Allow sqs:GetQueueUrl on arn:aws:sqs:eu-west-1:222222222222:orders-events-prod",
      "Allow sqs:ReceiveMessage on arn:aws:sqs:us-east-1:999999999999:partner-events",
      "Allow sqs:SendMessage on arn:aws:sqs:eu-west-1:222222222222:orders-events-prod",
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
      anytrue([for p in ["kms:decrypt"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["arn:aws:kms:*:*:key/payroll-*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role task breaks the promise: never kms:Decrypt on arn:aws:kms:*:*:key/payroll-*"
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.task.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in ["iam:*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role task breaks the promise: never iam:* on *"
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
    condition     = aws_iam_role.execution.name == "orders-prod-execution" && aws_iam_role.execution.assume_role_policy == data.aws_iam_policy_document.execution_trust.json && aws_iam_role.execution.permissions_boundary == null
    error_message = "The role execution has another name, trust policy or boundary."
  }

  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.execution.statement : [for a in s.actions : [for r in s.resources :
      join(" if ", compact([
        "${coalesce(s.effect, "Allow")} ${a} on ${r}",
        join(" and ", sort(flatten([for c in s.condition : [for v in c.values : "${c.test} ${c.variable} ${v}"]]))),
      ]))
      ]]])) == toset([
      "Allow ecr:BatchCheckLayerAvailability on arn:aws:ecr:us-east-1:111111111111:repository/orders",
      "Allow ecr:BatchGetImage on arn:aws:ecr:us-east-1:111111111111:repository/orders",
      "Allow ecr:GetAuthorizationToken on *",
      "Allow ecr:GetDownloadUrlForLayer on arn:aws:ecr:us-east-1:111111111111:repository/orders",
      "Allow kms:Decrypt on arn:aws:mock:us-east-1:123456789012:aws_kms_key/key if StringEquals kms:ViaService secretsmanager.eu-west-1.amazonaws.com and StringLike kms:EncryptionContext:SecretARN arn:aws:mock:us-east-1:123456789012:aws_secretsmanager_secret/db",
      "Allow logs:CreateLogStream on arn:aws:logs:eu-west-1:222222222222:log-group:/ecs/orders-prod:log-stream:*",
      "Allow logs:PutLogEvents on arn:aws:logs:eu-west-1:222222222222:log-group:/ecs/orders-prod:log-stream:*",
      "Allow secretsmanager:GetSecretValue on arn:aws:mock:us-east-1:123456789012:aws_secretsmanager_secret/db",
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
      anytrue([for p in ["kms:decrypt"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["arn:aws:kms:*:*:key/payroll-*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role execution breaks the promise: never kms:Decrypt on arn:aws:kms:*:*:key/payroll-*"
  }

  assert {
    condition = !anytrue(flatten([for s in data.aws_iam_policy_document.execution.statement : [for a in s.actions : [for r in s.resources :
      anytrue([for p in ["iam:*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", lower(a))) || can(regex("^${replace(replace(replace(lower(a), "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))]) &&
      anytrue([for p in ["*"] : can(regex("^${replace(replace(replace(p, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", r)) || can(regex("^${replace(replace(replace(r, "/[[:punct:]]/", "\\$0"), "\\*", ".*"), "\\?", ".")}$", p))])
    ]]]))
    error_message = "The role execution breaks the promise: never iam:* on *"
  }

  assert {
    condition = alltrue([
      join(" ", sort(aws_iam_role_policies_exclusive.execution.policy_names)) == join(" ", sort([aws_iam_role_policy.execution.name])),
      join(" ", sort(aws_iam_role_policy_attachments_exclusive.execution.policy_arns)) == join(" ", sort([])),
    ])
    error_message = "The role execution keeps policies that the manifest does not know."
  }
}
