# Rendered by rolewright from inputs.yaml. Change the manifest, not this file.

# manifest: compute
resource "aws_cloudwatch_log_group" "task" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key; log_kms_key in the manifest sets another
  name              = "/ecs/shop-api"
  retention_in_days = 365
  tags              = local.tags
}

# manifest: compute
resource "aws_ecs_task_definition" "task" {
  family                   = "shop-api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  tags                     = local.tags
  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
  container_definitions = jsonencode([
    {
      name                   = "shop-api"
      essential              = true
      image                  = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop-api${startswith(var.release, "sha256:") ? "@" : ":"}${var.release}"
      readonlyRootFilesystem = true
      portMappings = [
        { containerPort = 8080, hostPort = 8080, protocol = "tcp" },
      ]
      environment = [
        { name = "LOG_LEVEL", value = var.log_level },
        { name = "QUEUE", value = var.events_queue },
        { name = "TABLE", value = trimprefix(split(":", var.orders_table)[5], "table/") },
      ]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.task.name
          awslogs-region        = local.region
          awslogs-stream-prefix = "ecs"
        }
      }
    },
  ])
}

# manifest: compute.service
resource "aws_ecs_cluster" "cluster" {
  name = "shop-api"
  tags = local.tags
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

# manifest: compute.service
resource "aws_ecs_cluster_capacity_providers" "cluster" {
  cluster_name       = aws_ecs_cluster.cluster.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

# manifest: compute.service
resource "aws_ecs_service" "service" {
  name                               = "shop-api"
  cluster                            = aws_ecs_cluster.cluster.arn
  task_definition                    = aws_ecs_task_definition.task.arn
  desired_count                      = 1
  force_new_deployment               = true # without it Terraform changes no strategy in place
  enable_execute_command             = false
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  propagate_tags                     = "SERVICE"
  tags                               = local.tags
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  network_configuration {
    subnets          = var.subnets
    security_groups  = var.security_groups
    assign_public_ip = false
  }
  # Tasks that start before the roles' policies are there, or before they can connect, fail; a target group has to be in
  # use by a listener.
  depends_on = [
    aws_iam_role_policy.task,
    aws_iam_role_policy.execution,
    aws_ecs_cluster_capacity_providers.cluster,
  ]
}
