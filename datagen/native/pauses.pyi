PAUSES: dict[int, str]
