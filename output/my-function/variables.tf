# Rendered by rolewright from lambda.yaml. Change the manifest, not this file.

variable "package" {
  description = "Path of the zip file, as Terraform sees it from where it runs; whoever calls the module may give another"
  type        = string
  default     = "function.zip"
  nullable    = false
}
