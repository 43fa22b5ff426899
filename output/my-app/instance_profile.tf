# Rendered by rolewright from ec2.yaml. Change the manifest, not this file.

# manifest: compute
resource "aws_iam_instance_profile" "instance" {
  name = "my-app-profile"
  role = aws_iam_role.instance.name
  tags = local.tags
}
