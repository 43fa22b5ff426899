"""One rule a file, each as `RULE`; `rolewright.check.rule` finds them."""
