# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

environment           = "prod"
account               = "222222222222"
region                = "eu-west-1"
uploads_name          = "orders-uploads-prod"
cpu                   = 512
memory                = 1024
environment_log_level = "info"
