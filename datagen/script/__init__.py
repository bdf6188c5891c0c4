"""What the fields of users' own code have in common: templates, functions, Jsonnet."""
