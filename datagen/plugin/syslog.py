"""What the target and the format ``syslog`` have in common: the fields of a header, RFC 5424, section 6."""

import re
from collections.abc import Mapping
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from datagen.problems import did_you_mean, show
from datagen.records.batch import Layout
from datagen.records.pattern import TextPattern

# RFC 5424, section 6.2.1, table 1, by the names of syslog(3) and, where that has none, of the table's words.
_FACILITY_NAMES = (
    "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock "
    "local0 local1 local2 local3 local4 local5 local6 local7"
)
_FACILITIES = {name: number for number, name in enumerate(_FACILITY_NAMES.split())}
# RFC 5424, section 6.2.1, table 2.
_SEVERITIES = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}
_SAME = {"emergency": 0, "panic": 0, "critical": 2, "fatal": 2, "error": 3, "warn": 4, "informational": 6, "trace": 7}
_LEVELS = _SEVERITIES | _SAME | {str(number): number for number in range(8)}
_NO_LEVEL = _LEVELS["info"]
WORDS = {"hostname": 255, "app_name": 48, "procid": 128, "msgid": 32}  # their longest, RFC 5424, section 6
_NAME = re.compile(r"[!#-<>-\\^-~]{1,32}")  # SD-NAME: printable ASCII but = ] and "; RFC 5424, section 6


def _known_facility(name: int | str) -> int | str:
    if isinstance(name, str) and name.lower() not in _FACILITIES:
        raise ValueError(f"unknown facility {show(name)}{did_you_mean(name, _FACILITIES)}")
    return name


def _sound_names(data: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    for name in [*data, *(name for element in data.values() for name in element)]:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f'{show(name)} must be 1 to 32 printable ASCII characters, none of them a space, "=", "]", \'"\''
            )
    return data


Facility = Annotated[Annotated[int, Field(ge=0, le=23)] | str, AfterValidator(_known_facility)]
Severity = Annotated[int, Field(ge=0, le=7)] | str
StructuredData = Annotated[dict[str, dict[str, str]], AfterValidator(_sound_names)]
FACILITY_TEXT = "number or name: `kern`, `user`, `mail`, `daemon`, … `local0` to `local7`"
SEVERITY_TEXT = (
    "number or name (`emerg`, `alert`, `crit`, `err`, `warning`, `notice`, `info`, `debug`), or a text "
    "with placeholders that becomes one; anything else counts as `info`"
)
DATA_TEXT = "elements, named like `shop@32473`, and their parameters, whose values are texts with placeholders"


def priorities(facility: int | str, severities: pa.Array) -> pa.Array:
    """Return the PRI of messages of a facility with severities as texts (n,), each written once."""
    number = facility if isinstance(facility, int) else _FACILITIES[facility.lower()]
    encoded = severities.dictionary_encode()
    levels = [_LEVELS.get(text.strip().lower(), _NO_LEVEL) for text in encoded.dictionary.to_pylist()]
    return pa.array([str(8 * number + level) for level in levels], pa.string()).take(encoded.indices)


def unknown_severity(severity: int | str) -> str | None:
    """Return what is wrong with a severity without placeholders; None when nothing is."""
    level = str(severity).lower()
    return None if level in _LEVELS else f"unknown severity {show(severity)}{did_you_mean(level, _SEVERITIES)}"


def elements(data: Mapping[str, Mapping[str, str]], layout: Layout) -> list[tuple[str, TextPattern | None]]:
    """Return STRUCTURED-DATA as texts, each before the value of a pattern; the last one before none."""
    pieces: list[tuple[str, TextPattern | None]] = []
    text = "" if data else "-"
    for name, element in data.items():
        text += f"[{name}"
        for parameter, value in element.items():
            pieces.append((f'{text} {parameter}="', TextPattern(value, layout)))
            text = '"'
        text += "]"
    return [*pieces, (text, None)]


def word(text: pa.Array, longest: int) -> pa.Array:
    """Return texts that may stand in a header: PRINTUSASCII without spaces, not empty."""
    text = pc.utf8_slice_codeunits(pc.replace_substring_regex(text, "[^!-~]", "_"), 0, longest)
    return pc.if_else(pc.equal(pc.binary_length(text), 0), "-", text)


def escaped_parameter(text: pa.Array) -> pa.Array:
    """Return texts with a backslash before what may not stand in the value of a parameter (RFC 5424, section 6.3.3)."""
    encoded = text.dictionary_encode()
    values = encoded.dictionary
    for character in ("\\", '"', "]"):
        values = pc.replace_substring(values, character, f"\\{character}")
    return values.take(encoded.indices)
