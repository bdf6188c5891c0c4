"""The built-in profiles, one a file."""
