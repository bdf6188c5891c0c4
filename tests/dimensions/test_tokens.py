"""Field generators of identifiers and addresses: each form against a parser, each spread against theory."""

import base64
import ipaddress
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122, UUID

import numpy as np
import pytest
from scipy import stats

import datagen
from datagen.native import token
from datagen.problems import InvalidInput, RunFailed
from tests.worlds import constant, exponential, integer, records_of, state, uniform, values_of, world

SIZE = 4000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def field(type_: str, **keys: object) -> dict:
    return {"name": "v", "type": type_, **keys}


def assert_even(found: Counter, classes: int) -> None:
    """All of so many classes are equally likely, at one false alarm in 10 000 seeds."""
    counts = [*found.values(), *[0] * (classes - len(found))]
    assert len(counts) == classes
    assert classes == 1 or stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("version", [4, 7])
def test_a_uuid_is_one_of_its_version(version: int) -> None:
    found = values_of(field("uuid", version=version), SIZE)
    read = [UUID(text) for text in found]
    assert [str(uuid) for uuid in read] == found
    assert {(uuid.version, uuid.variant) for uuid in read} == {(version, RFC_4122)}
    assert len(set(found)) == SIZE


def test_the_bits_of_a_uuid_are_free_but_for_version_and_variant() -> None:
    numbers = [UUID(text).int for text in values_of(field("uuid"), SIZE)]
    ones = [sum(number >> bit & 1 for number in numbers) for bit in range(128)]
    fixed = [bit for bit, count in enumerate(ones) if count in (0, SIZE)]
    assert fixed == [62, 63, 76, 77, 78, 79]
    assert all(stats.binomtest(count, SIZE).pvalue > 1e-6 for bit, count in enumerate(ones) if bit not in fixed)


def test_uuids_of_version_7_ascend_with_the_time_to_the_microsecond() -> None:
    records = records_of(world(field("uuid", version=7), gap=exponential(2e-5)), SIZE, start="2024-02-29T12:00:00Z")
    found = [UUID(record["v"]) for record in records]
    times = [datetime.fromisoformat(record["time"]) for record in records]
    assert [EPOCH + timedelta(milliseconds=uuid.int >> 80) for uuid in found] == times
    ascents = np.diff([uuid.int >> 64 for uuid in found])
    assert (ascents >= 0).all()
    assert (ascents > 0).mean() > 0.9  # of gaps of 20 µs, one in 20 is below one


def test_a_uuid_of_version_7_takes_a_dimension_that_is_the_time() -> None:
    moment = {"name": "time", "type": "timestamp", "distribution": constant("2001-02-03T04:05:06.789")}
    [found] = records_of(world(moment, field("uuid", version=7)), 1)
    assert UUID(found["v"]).int >> 80 == (datetime(2001, 2, 3, 4, 5, 6, 789000, UTC) - EPOCH) // timedelta(
        milliseconds=1
    )


@pytest.mark.parametrize("length", [1, 2, 7, 16, 17, 32, 33])
def test_hex_has_its_length_and_all_digits(length: int) -> None:
    found = values_of(field("hex", length=length), SIZE)
    assert all(re.fullmatch(f"[0-9a-f]{{{length}}}", text) for text in found)
    assert_even(Counter("".join(found)), 16)
    assert_even(Counter(text[-1] for text in found), 16)


@pytest.mark.parametrize("length", [1, 2, 3, 8, 9, 25])
def test_bytes_are_base64_of_their_length(length: int) -> None:
    read = [base64.b64decode(text, validate=True) for text in values_of(field("bytes", length=length), SIZE)]
    assert {len(octets) for octets in read} == {length}
    assert_even(Counter(b"".join(read)), 256)


def test_a_mac_is_of_one_device_and_of_no_maker() -> None:
    found = values_of(field("mac"), SIZE)
    assert all(re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", text) for text in found)
    assert_even(Counter(int(text[:2], 16) & 3 for text in found), 1)
    assert int(found[0][:2], 16) & 3 == 2
    assert_even(Counter(text[:2] for text in found), 64)
    assert_even(Counter(text[-2:] for text in found), 256)


def test_an_ipv6_is_global_and_written_as_the_standard_wants() -> None:
    found = values_of(field("ipv6"), SIZE)
    read = [ipaddress.IPv6Address(text) for text in found]
    assert [str(address) for address in read] == found
    assert all(address in ipaddress.ip_network("2000::/3") for address in read)
    assert_even(Counter(int(address) >> 120 & 31 for address in read), 32)
    assert_even(Counter(int(address) & 255 for address in read), 256)


ADDRESSES = ["::", "::1", "1::", "1::2", "1:0:2::3", "1::2:0:0:3", "1:2:3:4:5:6:7:8", "0:1:2:3:4:5:6:0", "1:0:0:2::",
             "fff:10:a0:100::", "2001:db8:0:1:1:1:1:1", "::ffff:1:0:0", "abcd:ef01:2345:6789::"]  # fmt: skip


def test_runs_of_zeros_are_left_out_as_the_standard_wants() -> None:
    numbers = [int(ipaddress.IPv6Address(text)) for text in ADDRESSES]
    words = np.array([(number >> 64, number & 2**64 - 1) for number in numbers], np.uint64).ravel()
    ends, data = np.zeros(len(numbers) + 1, np.int32), np.zeros(39 * len(numbers), np.uint8)
    size = token.colons(words, ends, data)
    text = data[:size].tobytes().decode()
    assert [text[a:b] for a, b in pairwise(ends)] == [str(ipaddress.IPv6Address(n)) for n in numbers]


def test_a_port_is_any_from_1_on() -> None:
    found = values_of(field("port"), 20_000)
    assert {type(value) for value in found} == {int}
    assert 1 <= min(found) < 50
    assert 65_485 < max(found) <= 65_535
    assert_even(Counter((value - 1) * 64 // 65_535 for value in found), 64)


@pytest.mark.parametrize(
    ("networks", "weights"),
    [
        (["10.0.0.0/29"], None),
        (["2001:db8::/125"], None),
        (["10.0.0.0/30", "192.168.1.128/25"], None),
        (["10.0.0.0/30", "2001:db8::/32", "1.2.3.4", "::1"], [1, 5, 2, 0.5]),
    ],
)
def test_addresses_are_spread_over_networks_and_within(networks: list[str], weights: list[float] | None) -> None:
    keys = {} if weights is None else {"weights": weights}
    found = [ipaddress.ip_address(text) for text in values_of(field("ip_in", networks=networks, **keys), SIZE)]
    known = [ipaddress.ip_network(text) for text in networks]
    counts = [sum(address in network for address in found) for network in known]
    shares = np.array(weights or [1] * len(known)) / sum(weights or [1] * len(known))
    assert sum(counts) == SIZE
    assert len(known) == 1 or stats.chisquare(counts, shares * SIZE).pvalue > 1e-4
    for network in known:
        classes = min(network.num_addresses, 8)
        inside = [int(address) - int(network.network_address) for address in found if address in network]
        assert_even(Counter(place * classes // network.num_addresses for place in inside), classes)


def is_right(number: str) -> bool:
    """By the formula of Luhn, as ISO/IEC 7812-1 tells it: every other digit is doubled and its digits are added."""
    doubled = [str(int(digit) * (1 + place % 2)) for place, digit in enumerate(reversed(number))]
    return sum(map(int, "".join(doubled))) % 10 == 0


CARDS = {
    "amex": r"3[47]\d{13}",
    "diners": r"3(0[0-5]|[689]\d)\d{11}",
    "discover": r"6(011|4[4-9]\d|5\d\d)\d{12}",
    "jcb": r"35(2[89]|[3-8]\d)\d{12}",
    "mastercard": r"(5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}",
    "visa": r"4\d{15}",
}


@pytest.mark.parametrize("network", CARDS)
def test_the_number_of_a_card_is_right_and_of_its_network(network: str) -> None:
    found = values_of(field("credit_card", network=network), SIZE)
    assert all(re.fullmatch(CARDS[network], number) and is_right(number) for number in found)
    assert_even(Counter(number[-1] for number in found), 10)


# Unique values


def test_unique_whole_numbers_are_all_of_them_in_another_order() -> None:
    found = values_of(integer("v", uniform(-3, 996), unique=True), 1000)
    assert sorted(found) == list(range(-3, 997)) != found


def test_unique_values_are_spread_evenly_at_any_time() -> None:
    found = values_of(integer("v", uniform(0, 10**6 - 1), unique=True), SIZE)
    assert len(set(found)) == SIZE
    assert_even(Counter(value // 62_500 for value in found), 16)


def test_a_run_ends_with_a_message_when_unique_values_are_used_up() -> None:
    text = 'making emitter/e/v: all 6 values are used up, and with "unique" none comes twice'
    with pytest.raises(RunFailed, match=text):
        records_of(world(integer("v", uniform(1, 6), unique=True)), 100, duration=7)


def test_a_run_that_wants_more_unique_values_than_there_are_is_refused() -> None:
    spec = world(integer("v", uniform(1, 6), unique=True))
    assert len(records_of(spec, 6)) == 6
    with pytest.raises(InvalidInput, match="unique: has 6 values of which none comes twice, and the run has 7 records"):
        records_of(spec, 7)
    two = spec | {"emitters": [*spec["emitters"], {"name": "f", "dimensions": []}]}
    assert len(records_of(two | {"states": [state("s", "t"), state("t", emitter="f")]}, 10)) == 10  # of which 5 have it


def test_missing_and_null_values_use_none_up() -> None:
    found = values_of(integer("v", uniform(1, 60), unique=True, percent_nulls=50), 90)
    numbers = [value for value in found if value is not None]
    assert len(numbers) == len(set(numbers)) < 60


@pytest.mark.parametrize("version", [4, 7])
def test_unique_uuids_differ_in_the_bits_of_a_shuffle(version: int) -> None:
    found = values_of(field("uuid", version=version, unique=True), SIZE)
    assert len({UUID(text).int & 2**62 - 1 for text in found}) == SIZE
    assert {UUID(text).version for text in found} == {version}


@pytest.mark.parametrize(
    ("dimension", "problem"),
    [
        (field("uuid", version=5), "version: must be 4 or 7, found 5"),
        (field("hex", length=0), "length: must be greater than or equal to 1, found 0"),
        (field("bytes"), 'length: "length" is required'),
        (
            field("ip_in", networks=["10.0.0.1/8"]),
            'networks[0]: must be a network such as "10.0.0.0/8": 10.0.0.1/8 has host bits set',
        ),
        (field("ip_in", networks=["10.0.0.0/8", 7]), 'networks[1]: must be a network such as "10.0.0.0/8", found 7'),
        (field("ip_in", networks=["::/8"], weights=[0]), "weights: must not all be 0"),
        (
            field("credit_card", network="vise"),
            "network: must be 'amex', 'diners', 'discover', 'jcb', 'mastercard' or 'visa', found \"vise\"",
        ),
        (
            integer("v", exponential(9), unique=True),
            "unique: needs values of which each is as likely as any other, as those of a uniform distribution",
        ),
        (
            integer("v", uniform(-(2**63), 2**63 - 1), unique=True),
            "unique: can only tell 9223372036854775808 values apart, not 18446744073709551616",
        ),
        (
            field("uuid", unique=True, keyed_by="time"),
            "keyed_by: can't be where values are counted: the same key would not give the same value",
        ),
        (
            field("uuid", version=7, cardinality=3, cardinality_distribution=constant(0)),
            'version: "time" can\'t be read here: a pool is made before the run',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(dimension: dict, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        datagen.load(world(dimension))
    [found] = caught.value.problems
    assert f"{found.path}: {found.message}" == f"emitters[0].dimensions[0].{problem}"


def test_a_dimension_that_hides_the_time_is_no_time_for_a_uuid() -> None:
    with pytest.raises(InvalidInput, match=r"dimensions\[1\].version: needs the record's time, and the dimension"):
        records_of(world(field("hex", length=3) | {"name": "time"}, field("uuid", version=7)), 1)
