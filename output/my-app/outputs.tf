# Rendered by rolewright from ec2.yaml. Change the manifest, not this file.

output "instance_role_arn" {
  description = "ARN of the role instance"
  value       = aws_iam_role.instance.arn
}
