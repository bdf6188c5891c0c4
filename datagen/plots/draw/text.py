"""Numbers and times as people read them."""

from datetime import datetime, timedelta

_UNITS = (("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))

_NAMES = {"days": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "µs": "microseconds"}


def number(value: float) -> str:
    """Return a number with three digits that count, and commas."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.2g}"
    places = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{places}f}".rstrip("0").rstrip(".")


def share(value: float) -> str:
    """Return a share as a percentage."""
    percent = round(100 * value, 9)  # 100 times 0.55 is a little more than 55
    return (
        f"{percent:.0f} %" if percent == round(percent) else f"{percent:.2g} %" if percent < 10 else f"{percent:.1f} %"
    )


def span(seconds: float) -> str:
    """Return a duration in the unit that suits it."""
    if seconds <= 0:
        return "0 s"
    name, size = next(((name, size) for name, size in _UNITS if seconds >= 0.9995 * size), _UNITS[-1])
    if name == "days" and seconds < 2 * size:
        name, size = _UNITS[1]
    return f"{number(seconds / size)} {name}"


def per(seconds: float) -> str:
    """Return a duration as a rate names it."""
    name, size = next(((name, size) for name, size in _UNITS if seconds >= size), _UNITS[-1])
    name = _NAMES[name]
    count = number(seconds / size)
    return f"per {name.removesuffix('s')}" if count == "1" else f"per {count} {name}"


def unit(seconds: float) -> tuple[str, float]:
    """Return the unit, and its seconds, in which an axis up to a time is easy to read."""
    name, size = next(((name, size) for name, size in _UNITS if seconds >= 2 * size), _UNITS[-1])
    return _NAMES[name], size


def local(iso: str) -> datetime:
    """Return what the wall clock shows at a time in ISO 8601."""
    return datetime.fromisoformat(iso).replace(tzinfo=None)


def moment(iso: str, seconds: float = 0.0) -> str:
    """Return a time, so many seconds after another, as people write it."""
    time = local(iso) + timedelta(seconds=seconds)
    zone = "" if iso[-1].isdigit() and iso[-6] not in "+-" else " UTC" if iso.endswith("Z") else f" {iso[-6:]}"
    return f"{time:%a} {time.day} {time:%b %Y %H:%M}{zone}"


def milliseconds(iso: str) -> int:
    """Return the milliseconds since 1970 at which a clock in UTC shows what the wall clock shows."""
    return (local(iso) - datetime(1970, 1, 1)) // timedelta(milliseconds=1)


def shortened(text: str, most: int) -> str:
    """Return a text of no more characters than that."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
