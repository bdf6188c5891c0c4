"""What each kind of thing is, and all that the author of a kind needs."""
