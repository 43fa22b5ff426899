# Rendered by rolewright from fargate.yaml. Change the manifest, not this file.

# manifest: compute
resource "aws_cloudwatch_log_group" "task" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key; log_kms_key in the manifest sets another
  name              = "/ecs/my-app"
  retention_in_days = 365
  tags              = local.tags
}

# manifest: compute
resource "aws_ecs_task_definition" "task" {
  family                   = "my-app"
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
      name                   = "my-app-task"
      essential              = true
      image                  = "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-app:latest"
      readonlyRootFilesystem = true
      portMappings = [
        { containerPort = 8080, hostPort = 8080, protocol = "tcp" },
      ]
      environment = [
        { name = "BUCKET", value = "my-bucket" },
      ]
      secrets = [
        { name = "DB_PASSWORD", valueFrom = "arn:${local.partition}:secretsmanager:${local.region}:${local.account}:secret:prod/my-app/db" },
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
