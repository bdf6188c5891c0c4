"""What browsers call themselves, and how often each is met; a table of our own, of the end of 2026.

Browsers say little of themselves today: all but the main version of Chrome's and the systems' are frozen.
"""

from functools import lru_cache
from typing import NamedTuple

EDITION = "user_agents 2026-11"  # another one whenever a row changes; it is part of a run's identity
_CHROME = "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 {mobile}Safari/537.36"
_EDGE = _CHROME + " Edg/{version}.0.0.0"
_FIREFOX = "Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
_ANDROID_FIREFOX = "Mozilla/5.0 ({system}; rv:{version}.0) Gecko/{version}.0 Firefox/{version}.0"
_SAFARI = "Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Safari/605.1.15"
_IPHONE = "Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Mobile/15E148 Safari/604.1"
_WINDOWS, _LINUX = "Windows NT 10.0; Win64; x64", "X11; Linux x86_64"
_MAC, _FIREFOX_MAC = "Macintosh; Intel Mac OS X 10_15_7", "Macintosh; Intel Mac OS X 10.15"
_SYSTEM_OF_IPHONE = "iPhone; CPU iPhone OS 18_7 like Mac OS X"
_NEW = [f"{version}" for version in range(156, 146, -1)]  # of Chrome and Edge
_NEW_FIREFOX = [*(f"{version}" for version in range(151, 145, -1)), "140"]  # and one with long support
_NEW_SAFARI = ["26.4", "26.3", "26.2", "26.1", "26.0", "18.6", "17.6"]
# Each kind of browser, how often it is met out of 1,000 views of a page, and its versions, the newest first.
_KINDS = [
    ("mobile", "android", "chrome", _CHROME, "Linux; Android 10; K", 340, _NEW),
    ("desktop", "windows", "chrome", _CHROME, _WINDOWS, 210, _NEW),
    ("mobile", "ios", "safari", _IPHONE, _SYSTEM_OF_IPHONE, 200, _NEW_SAFARI),
    ("desktop", "windows", "edge", _EDGE, _WINDOWS, 65, _NEW),
    ("desktop", "macos", "chrome", _CHROME, _MAC, 55, _NEW),
    ("desktop", "macos", "safari", _SAFARI, _MAC, 55, _NEW_SAFARI),
    ("desktop", "windows", "firefox", _FIREFOX, _WINDOWS, 30, _NEW_FIREFOX),
    ("desktop", "linux", "chrome", _CHROME, _LINUX, 20, _NEW),
    ("desktop", "linux", "firefox", _FIREFOX, _LINUX, 10, _NEW_FIREFOX),
    ("mobile", "android", "firefox", _ANDROID_FIREFOX, "Android 14; Mobile", 10, _NEW_FIREFOX),
    ("desktop", "macos", "firefox", _FIREFOX, _FIREFOX_MAC, 5, _NEW_FIREFOX),
]
_OLDER = 0.6  # each version is met so many times as often as the one after it


class UserAgent(NamedTuple):
    """A browser, what it calls itself, and how often it is met."""

    user_agent: str
    browser: str
    version: str
    platform: str
    device: str
    share: float


@lru_cache(maxsize=1)
def user_agents() -> tuple[UserAgent, ...]:
    """Return different browsers."""
    return tuple(
        UserAgent(
            text.format(system=system, version=version, mobile="Mobile " if device == "mobile" else ""),
            browser,
            version,
            platform,
            device,
            share * _OLDER**age,
        )
        for device, platform, browser, text, system, share, versions in _KINDS
        for age, version in enumerate(versions)
    )
