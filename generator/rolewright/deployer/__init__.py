"""What Terraform itself may do: the least policies with which modules are planned and applied."""
