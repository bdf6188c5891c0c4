"""How the text of a document is written: JSON, JSON with comments or YAML, as the ending of its name says."""

from os.path import splitext

from datagen.language.document import Document
from datagen.language.json_text import YAML, parse_json, parse_jsonc


def parse(text: str, source: str) -> Document:
    """Parse a document; what has another name (a pipe, say), or none, is recognised by how it begins.

    Raises InvalidInput with the places of what is wrong.
    """
    ending = splitext(source)[1].lower()
    if ending in (".yaml", ".yml") or (ending not in (".json", ".jsonc") and YAML.match(text)):
        from datagen.language.yaml_text import parse_yaml  # its library takes 30 ms

        return parse_yaml(text, source)
    return (parse_json if ending == ".json" else parse_jsonc)(text, source)
