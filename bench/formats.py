"""Binary formats of ten fields, as messages, beside fastavro in the same process."""

from collections.abc import Iterator
from statistics import median

from bench.population import FLAT
from bench.process import answer
from bench.setting import Setting, ratio
from bench.table import Line

_QUICKEST = "fastavro, no value may be null"  # with a schema that is not ours, and fewer octets
_LEAST = 10  # times as fast
_MOST = 2000  # ns: 500 thousand records/s


def formats(setting: Setting) -> Iterator[Line]:
    """Measure messages of the flat spec, as CPU time on one core."""
    found = setting.repeat(lambda: answer("serializer", "times", FLAT, setting.size(200_000))[0])
    for name in found[0]:
        most = _MOST if name in ("avro", "protobuf") else None
        yield Line(f"messages of {name}, flat", median(run[name] for run in found), "ns a record", most=most)
    for name in ("avro", "protobuf"):
        for theirs, least in (("fastavro", None), (_QUICKEST, _LEAST)):
            times = ratio([run[theirs] for run in found], [run[name] for run in found])
            yield Line(f"{name} / {theirs}", times, "", least=least)
