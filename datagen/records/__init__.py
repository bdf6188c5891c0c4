"""How records are held and written: batches, lines, Arrow conventions, text of values, patterns, expressions."""
