INSTRUCTIONS: dict[str, int]
