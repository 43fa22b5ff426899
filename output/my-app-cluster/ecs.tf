# Rendered by rolewright from ecs-ec2.yaml. Change the manifest, not this file.

# manifest: compute
resource "aws_cloudwatch_log_group" "task" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts with its own key; log_kms_key in the manifest sets another
  name              = "/ecs/my-app-cluster"
  retention_in_days = 365
  tags              = local.tags
}

# manifest: compute
resource "aws_ecs_task_definition" "task" {
  family                   = "my-app-cluster"
  requires_compatibilities = ["EC2"]
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
      name                   = "my-app-cluster"
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

# manifest: compute.capacity
resource "aws_ecs_cluster" "cluster" {
  name = "my-app-cluster"
  tags = local.tags
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

# The newest image for instances of ECS; AWS keeps its id in a public parameter.
data "aws_ssm_parameter" "ami" {
  name = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
}

# manifest: compute.capacity
resource "aws_iam_instance_profile" "instance" {
  name = "my-app-cluster"
  role = aws_iam_role.instance.name
  tags = local.tags
}

# manifest: compute.capacity
# Tasks have no way to the instance's credentials: the agent blocks it for their own network interfaces, and the
# metadata service answers nobody who is further away than the instance itself.
resource "aws_launch_template" "instances" {
  name                   = "my-app-cluster-X86_64"
  image_id               = data.aws_ssm_parameter.ami.insecure_value
  instance_type          = "t3.large"
  vpc_security_group_ids = ["sg-0123456789abcdef0"]
  update_default_version = true
  tags                   = local.tags
  user_data = base64encode(join("\n", [
    "#!/bin/sh",
    "cat >> /etc/ecs/ecs.config <<'END'",
    "ECS_CLUSTER=${aws_ecs_cluster.cluster.name}",
    "ECS_AWSVPC_BLOCK_IMDS=true",
    "ECS_ENABLE_TASK_IAM_ROLE=true",
    "ECS_DISABLE_PRIVILEGED=true",
    "END",
    "",
  ]))
  iam_instance_profile {
    arn = aws_iam_instance_profile.instance.arn
  }
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  monitoring {
    enabled = true
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted   = true
      volume_size = 30
      volume_type = "gp3"
    }
  }
  tag_specifications {
    resource_type = "instance"
    tags          = merge(local.tags, { Name = "my-app-cluster" })
  }
  tag_specifications {
    resource_type = "volume"
    tags          = local.tags
  }
  lifecycle {
    create_before_destroy = true
    # An apply that is about something else must not replace the instances: follow_image in the manifest does.
    ignore_changes = [image_id]
  }
}

# manifest: compute.capacity
resource "aws_autoscaling_group" "instances" {
  name                  = "my-app-cluster"
  min_size              = 1
  max_size              = 4
  vpc_zone_identifier   = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  protect_from_scale_in = true # ECS takes it off instances without tasks
  launch_template {
    id      = aws_launch_template.instances.id
    version = aws_launch_template.instances.latest_version
  }
  tag {
    key                 = "AmazonECSManaged"
    value               = "true"
    propagate_at_launch = true
  }
  tag {
    key                 = "managed-by"
    value               = "rolewright"
    propagate_at_launch = false # instances have them from their launch template
  }
  tag {
    key                 = "workload"
    value               = "my-app-cluster"
    propagate_at_launch = false # instances have them from their launch template
  }
  # A new image or new settings replace the instances one after another, also those that run tasks: ECS moves these.
  instance_refresh {
    strategy = "Rolling"
    preferences {
      min_healthy_percentage       = 100
      max_healthy_percentage       = 110
      scale_in_protected_instances = "Refresh"
    }
  }
  lifecycle {
    ignore_changes = [desired_capacity] # ECS sets it
  }
  # An agent that starts before the role's policies are there cannot join the cluster.
  depends_on = [aws_iam_role_policy.instance]
}

# manifest: compute.capacity
resource "aws_ecs_capacity_provider" "instances" {
  name = "capacity-my-app-cluster"
  tags = local.tags
  auto_scaling_group_provider {
    auto_scaling_group_arn         = aws_autoscaling_group.instances.arn
    managed_draining               = "ENABLED"
    managed_termination_protection = "ENABLED"
    managed_scaling {
      status          = "ENABLED"
      target_capacity = 100
    }
  }
}

# manifest: compute.capacity
resource "aws_ecs_cluster_capacity_providers" "cluster" {
  cluster_name       = aws_ecs_cluster.cluster.name
  capacity_providers = [aws_ecs_capacity_provider.instances.name]
  default_capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.instances.name
    weight            = 1
  }
}

# manifest: compute.service
resource "aws_ecs_service" "service" {
  name                               = "my-app-cluster"
  cluster                            = aws_ecs_cluster.cluster.arn
  task_definition                    = aws_ecs_task_definition.task.arn
  desired_count                      = 2
  force_new_deployment               = true # without it Terraform changes no strategy in place
  enable_execute_command             = false
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  propagate_tags                     = "SERVICE"
  tags                               = local.tags
  capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.instances.name
    weight            = 1
  }
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  network_configuration {
    subnets         = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    security_groups = ["sg-0123456789abcdef1"]
  }
  # Tasks that start before the roles' policies are there, or before they can connect, fail; a target group has to be in
  # use by a listener.
  depends_on = [
    aws_iam_role_policy.task,
    aws_iam_role_policy.execution,
    aws_ecs_cluster_capacity_providers.cluster,
  ]
}
