"""Tables of a lake: files with columns, and commits that say which of them belong to a table."""
