"""How other tools call the keys of a spec: they are not accepted, but who comes from there is told ours."""

from collections.abc import Collection

from datagen.problems import did_you_mean, show

# By the name in small letters, without hyphens and underscores: ours, of which an object has one.
_OURS = {
    "attributes": ("dimensions",),
    "choices": ("values", "of"),
    "decimals": ("precision", "scale"),
    "delayms": ("delay",),
    "fields": ("dimensions", "columns"),
    "generators": ("emitters", "dimensions"),
    "high": ("max",),
    "low": ("min",),
    "missingrate": ("percent_missing",),
    "mu": ("mean", "median"),
    "nullrate": ("percent_nulls",),
    "oneof": ("values", "of"),
    "options": ("values",),
    "probabilities": ("weights",),
    "properties": ("dimensions",),
    "sd": ("stddev",),
    "std": ("stddev",),
    "stdev": ("stddev",),
    "throttlems": ("delay", "interarrival"),
}
_NOTES = {
    "percent_nulls": ", which is a share of 100",
    "percent_missing": ", which is a share of 100",
    "delay": ", a distribution of seconds",
    "interarrival": ", a distribution of the seconds from one worker to the next",
}
_ELSEWHERE = {"throttlems": 'the seconds between records are the "delay" of a state, or the "interarrival" of workers'}


def unknown_key(key: object, known: Collection[str]) -> str:
    """Return the message about a key that an object can't have, of which the others are known."""
    foreign = str(key).lower().replace("_", "").replace("-", "")
    ours = next((name for name in _OURS.get(foreign, ()) if name in known), None)
    if ours is not None:
        return f"unknown key {show(key)}; here it is {show(ours)}{_NOTES.get(ours, '')}"
    if foreign in _ELSEWHERE:
        return f"unknown key {show(key)}; {_ELSEWHERE[foreign]}"
    return f"unknown key {show(key)}{did_you_mean(key, known)}"
