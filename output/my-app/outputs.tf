# Rendered by rolewright from ec2.yaml. Change the manifest, not this file.

output "instance_arn" {
  description = "ARN of the instance"
  value       = aws_instance.instance.arn
}

output "instance_id" {
  description = "Id of the instance"
  value       = aws_instance.instance.id
}

output "instance_private_ip" {
  description = "Private address of the instance"
  value       = aws_instance.instance.private_ip
}

output "instance_profile_arn" {
  description = "ARN of the instance profile"
  value       = aws_iam_instance_profile.instance.arn
}

output "instance_profile_name" {
  description = "Name of the instance profile"
  value       = aws_iam_instance_profile.instance.name
}

output "instance_role_arn" {
  description = "ARN of the role instance"
  value       = aws_iam_role.instance.arn
}

output "instance_role_name" {
  description = "Name of the role instance"
  value       = aws_iam_role.instance.name
}
