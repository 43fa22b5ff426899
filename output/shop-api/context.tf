# Rendered by rolewright from inputs.yaml. Change the manifest, not this file.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {
}

# Its region is the provider's, and reading it takes no call and gives no warning in any version.
data "aws_service_principal" "current" {
  service_name = "sts"
}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix
  region     = data.aws_service_principal.current.region
  tags = merge(var.common_tags, {
    workload   = "shop-api"
    managed-by = "rolewright"
  })
}
