# Rendered by rolewright from inputs.yaml. Change the manifest, not this file.

variable "release" {
  description = "Tag or digest of the image"
  type        = string
  default     = "stable"
  nullable    = false
  validation {
    condition     = can(regex("^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|sha256:[0-9a-f]{64})$", var.release))
    error_message = "release has to be the tag of an image, or its digest, matching ^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|sha256:[0-9a-f]{64})$."
  }
}

variable "subnets" {
  description = "Private subnets of the VPC"
  type        = list(string)
  nullable    = false
  validation {
    condition     = can(regex("^\\[\"subnet-[0-9a-f]{8,17}\"(,\"subnet-[0-9a-f]{8,17}\")*\\]$", jsonencode(var.subnets)))
    error_message = "subnets has to be a list of ids of subnets."
  }
}

variable "security_groups" {
  description = "Security groups of the tasks"
  type        = list(string)
  nullable    = false
  validation {
    condition     = can(regex("^\\[\"sg-[0-9a-f]{8,17}\"(,\"sg-[0-9a-f]{8,17}\")*\\]$", jsonencode(var.security_groups)))
    error_message = "security_groups has to be a list of ids of security groups."
  }
}

variable "orders_table" {
  description = "Table that the orders module makes"
  type        = string
  nullable    = false
  validation {
    condition     = length(var.orders_table) <= 512 && can(regex("^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]{3,255}$", var.orders_table))
    error_message = "orders_table has to be the ARN of a table of dynamodb, matching ^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]{3,255}$, in 512 characters."
  }
}

variable "orders_key" {
  description = "Key of that table"
  type        = string
  nullable    = false
  validation {
    condition     = length(var.orders_key) <= 512 && can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$", var.orders_key))
    error_message = "orders_key has to be the ARN of a key of kms, matching ^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$, in 512 characters."
  }
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+$", var.orders_key))
    error_message = "orders_key has to be the ARN of a key of kms, matching ^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+$, in 512 characters."
  }
}

variable "events_queue" {
  description = "Queue for events"
  type        = string
  nullable    = false
  validation {
    condition     = length(var.events_queue) <= 512 && can(regex("^([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\\.fifo)$", var.events_queue))
    error_message = "events_queue has to be a name, matching ^([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\\.fifo)$, in 512 characters."
  }
  validation {
    condition     = !can(regex("\\.fifo$", var.events_queue))
    error_message = "events_queue must not match \\.fifo$."
  }
}

variable "log_level" {
  description = "How much is logged"
  type        = string
  default     = "info"
  nullable    = false
  validation {
    condition     = length(var.log_level) <= 1000 && can(regex("^[^\\x00-\\x1f\\x7f\"$%'*?\\\\`]*$", var.log_level))
    error_message = "log_level has to be a text without wildcards, quotes, $, % and backslashes, matching ^[^\\x00-\\x1f\\x7f\"$%'*?\\\\`]*$, in 1000 characters."
  }
}

variable "boundary" {
  description = "Permissions boundary of the platform team"
  type        = string
  nullable    = false
  validation {
    condition     = length(var.boundary) <= 2048 && can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$", var.boundary))
    error_message = "boundary has to be the ARN of a managed policy, matching ^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$, in 2048 characters."
  }
}

variable "common_tags" {
  description = "Tags of everything in the root"
  type        = map(string)
  nullable    = false
  validation {
    condition     = can(regex("^\\{(\"[A-Za-z0-9 _.:/=+@-]{1,128}\":\"[A-Za-z0-9 _.:/=+@-]{0,256}\"(,\"[A-Za-z0-9 _.:/=+@-]{1,128}\":\"[A-Za-z0-9 _.:/=+@-]{0,256}\")*)?\\}$", jsonencode(var.common_tags)))
    error_message = "common_tags has to be a mapping of tags, none of which begins with aws."
  }
  validation {
    condition     = !can(regex("\"[aA][wW][sS]:", jsonencode(var.common_tags)))
    error_message = "common_tags must not match \"[aA][wW][sS]:."
  }
}
