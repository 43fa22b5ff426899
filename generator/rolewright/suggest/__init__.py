"""Advice: from a denial to the change of the manifest that allows it, tried before it is shown."""
