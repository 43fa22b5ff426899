# Rendered by rolewright from orders.yaml. Change the manifest, not this file.

environment           = "dev"
account               = "111111111111"
region                = "us-east-1"
uploads_name          = "orders-uploads-dev"
cpu                   = 256
memory                = 512
environment_log_level = "debug"
