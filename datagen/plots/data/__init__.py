"""What is drawn: numbers of a spec and of one bounded run of it, as plain data. Knows nothing of pictures."""
