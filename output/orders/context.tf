# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {
  lifecycle {
    postcondition {
      condition     = self.account_id == var.account
      error_message = "The environment ${var.environment} belongs to account ${var.account}, and these credentials are for another one."
    }
  }
}

# Its region is the provider's, and reading it takes no call and gives no warning in any version.
data "aws_service_principal" "current" {
  service_name = "sts"
  lifecycle {
    postcondition {
      condition     = self.region == var.region
      error_message = "The environment ${var.environment} belongs to region ${var.region}, and the provider is set to another one."
    }
  }
}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix
  region     = data.aws_service_principal.current.region
  tags = {
    workload    = "orders"
    managed-by  = "rolewright"
    environment = var.environment
    cost-center = "42"
    owner       = "team-orders"
  }
}
