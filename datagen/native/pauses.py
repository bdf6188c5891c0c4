"""Why the walk pauses: the names, by the numbers of the declaration, which that Python knows it by."""

PAUSES = {
    0: "reached",
    1: "full",
    2: "crowded",
    3: "no times",
    4: "no waits",
    5: "unknown",
    6: "stuck",
    7: "ended",
    8: "changed",
    9: "beyond",
    10: "fault",
    12: "exploded",
    13: "asked",
    14: "no gifts",
}
