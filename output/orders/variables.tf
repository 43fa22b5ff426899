# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

variable "environment" {
  description = "Environment that is deployed"
  type        = string
  nullable    = false
  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "One of dev, prod."
  }
}

variable "account" {
  description = "AWS account of the environment"
  type        = string
  nullable    = false
}

variable "region" {
  description = "AWS region of the environment"
  type        = string
  nullable    = false
}

variable "uploads_name" {
  description = "resources.uploads.name of the manifest"
  type        = string
  nullable    = false
}

variable "cpu" {
  description = "compute.cpu of the manifest"
  type        = number
  nullable    = false
}

variable "memory" {
  description = "compute.memory of the manifest"
  type        = number
  nullable    = false
}

variable "environment_log_level" {
  description = "compute.environment.LOG_LEVEL of the manifest"
  type        = string
  nullable    = false
}
