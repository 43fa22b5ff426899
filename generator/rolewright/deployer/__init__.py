"""The rights of Terraform itself: the least policies with which modules are planned and applied."""
