"""One module per format, with the table of its fields beside it."""
