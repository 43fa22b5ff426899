# Rendered by rolewright from ec2.yaml. Change the manifest, not this file.

# The newest image of this name; AWS keeps its id in a public parameter.
data "aws_ssm_parameter" "ami" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

# manifest: compute
resource "aws_instance" "instance" {
  #checkov:skip=CKV_AWS_126:detailed monitoring costs per instance; basic monitoring is on
  ami                  = data.aws_ssm_parameter.ami.insecure_value
  instance_type        = "t3.micro"
  iam_instance_profile = aws_iam_instance_profile.instance.name
  ebs_optimized        = true
  tags                 = merge(local.tags, { Name = "my-app" })
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  root_block_device {
    encrypted = true
  }
  # An instance that starts before the role's policies are there fails its first calls.
  depends_on = [aws_iam_role_policy.instance]
  # A new image must not replace a running instance: follow_image in the manifest does.
  lifecycle {
    ignore_changes = [ami]
  }
}
