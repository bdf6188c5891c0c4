"""The oracle's populations: a spec that has several, written out as one whose names say which is whose."""

from tests.engine.reference_namespaces import with_whole_names

Spec = dict  # a JSON object of the spec, as json.loads gives it
COMMON = ("tables", "profiles", "incidents", "resources", "shared")


def written_out(spec: Spec) -> Spec:
    """Return a spec with the states and sources of all its populations, called ``population/name``."""
    if "populations" not in spec:
        return spec
    spec = with_whole_names(spec)
    whole = {"states": [], "arrivals": [], "emitters": [], **spec}
    for name, own in spec["populations"].items():
        whole["states"] = [*whole["states"], *(in_population(name, state) for state in own["states"])]
        whole["arrivals"] = [*whole["arrivals"], *arrivals_of(name, own)]
        whole["emitters"] = [*whole["emitters"], *own.get("emitters", [])]
        for key in COMMON:
            whole[key] = whole.get(key, {}) | own.get(key, {})
    return whole


def population_of(spec: Spec, state: str) -> str:
    return state.split("/")[0] if "populations" in spec else ""


def limits_of(spec: Spec, given: int | dict[str, int]) -> dict[str, int]:
    """Return the limit of each population."""
    if "populations" not in spec:
        return {"": given}
    chosen = given if isinstance(given, dict) else {}
    return {name: chosen.get(name, own.get("max_workers", 100)) for name, own in spec["populations"].items()}


def arrivals_of(name: str, own: Spec) -> list[Spec]:
    if "interarrival" in own:
        given = [{"type": "interarrival", "distribution": own["interarrival"]}]
    else:
        given = own["arrivals"] if isinstance(own["arrivals"], list) else [own["arrivals"]]
    made = []
    for source in given:
        source = source | {"name": f"{name}/{source['name']}" if "name" in source else name}
        source["state"] = f"{name}/{source.get('state', own['states'][0]['name'])}"
        for key in ("from", "until"):
            if isinstance(source.get(key), dict):
                source[key] = {"after": f"{name}/{source[key]['after']}"}
        if isinstance(source.get("when_full"), dict):
            source["when_full"] = {"state": f"{name}/{source['when_full']['state']}"}
        made.append(source)
    return made


def in_population(name: str, state: Spec) -> Spec:
    """Return a state of a population, with the states that it leads to, and those of its children."""

    def called(other: str) -> str:
        return other if other.lower() == "stop" else f"{name}/{other}"

    state = state | {"name": called(state["name"])}
    if "next" in state:
        state["next"] = called(state["next"])
    if "transitions" in state:
        state["transitions"] = [way | {"next": called(way["next"])} for way in state["transitions"]]
    if "timeout" in state:
        state["timeout"] = state["timeout"] | {"next": called(state["timeout"]["next"])}
    if "spawn" in state:
        state["spawn"] = [
            entry | {"state": f"{entry.get('population', name)}/{entry['state']}"} for entry in state["spawn"]
        ]
    return state
