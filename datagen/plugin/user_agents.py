"""What browsers call themselves, in pools of the library ua-generator that are the same for the same version of it."""

import re
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from datagen import draw

LIBRARIES = ("ua-generator",)
_EACH = 40  # different ones of each kind
# How often each kind of browser comes, out of 1,000; rounded from public statistics of page views.
_SHARES = {
    ("mobile", "android", "chrome"): 340,
    ("mobile", "ios", "safari"): 200,
    ("desktop", "windows", "chrome"): 210,
    ("desktop", "windows", "edge"): 65,
    ("desktop", "macos", "safari"): 55,
    ("desktop", "macos", "chrome"): 55,
    ("desktop", "windows", "firefox"): 35,
    ("desktop", "linux", "chrome"): 20,
    ("desktop", "linux", "firefox"): 10,
    ("mobile", "android", "firefox"): 10,
}
_NAMED = {"chrome": "Chrome", "edge": "Edg", "firefox": "Firefox", "safari": "Version"}
_VERSION = {browser: re.compile(rf"\b{name}/(\d+)") for browser, name in _NAMED.items()}


class UserAgent(NamedTuple):
    """A browser, and what it calls itself."""

    user_agent: str
    browser: str
    version: int
    platform: str
    device: str


@lru_cache(maxsize=1)
def shares() -> tuple[tuple[UserAgent, float], ...]:
    """Return different browsers, and how often each comes."""
    made = {kind: _made(*kind) for kind in _SHARES}
    return tuple((one, _SHARES[kind] / len(those)) for kind, those in made.items() for one in those)


def _made(device: str, platform: str, browser: str) -> tuple[UserAgent, ...]:
    library = import_module("ua_generator")
    options = import_module("ua_generator.options").Options(weighted_versions=True)
    found: dict[str, UserAgent] = {}
    with draw.python_seeded(f"{device} {platform} {browser}"):
        for _ in range(20 * _EACH):
            made = library.generate(device=device, platform=platform, browser=browser, options=options)
            version = _VERSION[browser].search(made.text)
            assert version is not None, made.text
            found.setdefault(made.text, UserAgent(made.text, browser, int(version[1]), platform, device))
            if len(found) == _EACH:
                break
    return tuple(found.values())
