# Rendered by rolewright from lambda.yaml. Change the manifest, not this file.

variable "package" {
  description = "Path of the zip file, as Terraform sees it from where it runs; the default of the module's variable package"
  type        = string
  default     = "function.zip"
  nullable    = false
}
