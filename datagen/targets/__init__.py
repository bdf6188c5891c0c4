"""The built-in targets, one a file."""
