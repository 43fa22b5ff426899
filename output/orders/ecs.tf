# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

# manifest: compute
resource "aws_cloudwatch_log_group" "task" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key; log_kms_key in the manifest sets another
  name              = "/ecs/orders-${var.environment}"
  retention_in_days = 365
  tags              = local.tags
}

# manifest: compute
resource "aws_ecs_task_definition" "task" {
  family                   = "orders-${var.environment}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  tags                     = local.tags
  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
  container_definitions = jsonencode([
    {
      name                   = "orders"
      essential              = true
      image                  = "111111111111.dkr.ecr.us-east-1.amazonaws.com/orders:1.4.2"
      readonlyRootFilesystem = true
      portMappings = [
        { containerPort = 8080, hostPort = 8080, protocol = "tcp" },
      ]
      environment = [
        { name = "LOG_LEVEL", value = var.environment_log_level },
        { name = "QUEUE", value = aws_sqs_queue.events.url },
        { name = "TABLE", value = aws_dynamodb_table.table.name },
      ]
      secrets = [
        { name = "DB_PASSWORD", valueFrom = aws_secretsmanager_secret.db.arn },
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
