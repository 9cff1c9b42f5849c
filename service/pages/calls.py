"""An OpenAPI document, as what a page shows of it. Pure."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Schema = Mapping[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")
_JSON = "application/json"
EXAMPLES: Mapping[str, Any] = {
    "POST /runs": {"host": "http://127.0.0.1:9000", "users": [1, 2, 4], "run-time": "30s", "name": "nightly"},
}
"""Bodies of calls whose schema has no key that must be there."""
_BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("maxLength", "{} characters at most"),
    ("maxItems", "{} at most"),
)


class Kind(NamedTuple):
    """What a value is: in words, and the form that is described elsewhere on the page."""

    words: str
    form: str | None = None


class Parameter(NamedTuple):
    """A parameter, or a key of a body."""

    name: str
    where: str
    kind: Kind
    is_needed: bool
    words: str


class Answer(NamedTuple):
    """A status, and what comes with it."""

    status: str
    words: str
    kind: Kind | None


class Call(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    anchor: str
    summary: str
    words: str
    parameters: list[Parameter]
    body: Kind | None
    keys: list[Parameter]
    answers: list[Answer]
    curl: str


class Form(NamedTuple):
    """A value with a name, that calls take or give: an object of `keys`, or else what `kind` says."""

    name: str
    words: str
    kind: Kind
    keys: list[Parameter]


def calls(document: Schema, base: str, *, with_token: bool) -> list[Call]:
    """Every call, in the order of the document. `base`: this server's address, for the lines of curl."""
    return [
        _call(document, method, path, item[method], base, with_token=with_token)
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]


def forms(document: Schema) -> list[Form]:
    """Every value that has a name."""
    named = document.get("components", {}).get("schemas", {})
    return [
        Form(name, schema.get("description", ""), kind(schema), list(_keys(document, schema)))
        for name, schema in sorted(named.items())
    ]


def _call(document: Schema, method: str, path: str, said: Schema, base: str, *, with_token: bool) -> Call:
    parameters = [
        Parameter(each["name"], each["in"], kind(each["schema"]), each.get("required", False), _said(each))
        for each in said.get("parameters", [])
    ]
    content = said.get("requestBody", {}).get("content", {})
    schema = content.get(_JSON, {}).get("schema")
    example = EXAMPLES.get(f"{method.upper()} {path}") or _example(document, content)
    return Call(
        method=method.upper(),
        path=path,
        anchor=f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
        summary=said.get("summary", ""),
        words=said.get("description", ""),
        parameters=parameters,
        body=None if schema is None else kind(schema),
        keys=[] if schema is None else list(_keys(document, schema)),
        answers=[_answer(status, each) for status, each in sorted(said.get("responses", {}).items())],
        curl=_curl(method, base + _filled(path, said), example, with_token=with_token),
    )


def _answer(status: str, said: Schema) -> Answer:
    content = said.get("content", {})
    schema = content.get(_JSON, {}).get("schema")
    if schema:
        return Answer(status, said.get("description", ""), kind(schema))
    return Answer(status, said.get("description", ""), Kind(", ".join(content)) if content else None)


def kind(schema: Schema) -> Kind:
    """A type in words. That null may be there is said by "or null"."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Kind(name, name)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _either(schema[several])
    if "enum" in schema or "const" in schema:
        return Kind(" | ".join(json.dumps(each) for each in schema.get("enum", [schema.get("const")])))
    if schema.get("type") == "array":
        inner = kind(schema.get("items", {}))
        return Kind(f"list of {inner.words}{_bounds(schema)}", inner.form)
    return Kind(_plain(schema) + _bounds(schema))


def _either(schemas: list[Schema]) -> Kind:
    kinds = [kind(each) for each in schemas]
    form = next((each.form for each in kinds if each.form is not None), None)
    return Kind(" or ".join(dict.fromkeys(each.words for each in kinds)), form)


def _plain(schema: Schema) -> str:
    words = {"date-time": "time (ISO 8601)", "password": "secret string"}
    return words.get(schema.get("format", "")) or str(schema.get("type", "anything"))


def _bounds(schema: Schema) -> str:
    found = [words.format(schema[key]) for key, words in _BOUNDS if key in schema]
    return f", {', '.join(found)}" if found else ""


def _said(said: Schema) -> str:
    """Its description, and what it is if it is left out."""
    words = said.get("description") or said.get("schema", {}).get("description", "")
    default = said.get("default", said.get("schema", {}).get("default"))
    return f"{words} Default: {json.dumps(default)}.".strip() if default is not None else words


def _keys(document: Schema, schema: Schema) -> Iterator[Parameter]:
    whole = resolved(document, schema)
    for name, each in whole.get("properties", {}).items():
        yield Parameter(name, "body", kind(each), name in whole.get("required", []), _said(each))


def resolved(document: Schema, schema: Schema) -> Schema:
    """The schema that a reference leads to."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _filled(path: str, said: Schema) -> str:
    """The path with an example in the place of each of its parameters, and the query that is needed."""
    query = []
    for each in said.get("parameters", []):
        example = str(example_of(each["schema"]) or each["name"].upper())
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", example)
        elif each["in"] == "query" and each.get("required"):
            query.append(f"{each['name']}={example}")
    return f"{path}?{'&'.join(query)}" if query else path


def example_of(schema: Schema) -> Any:
    """One that the schema brings; None where it brings none."""
    for found in (schema.get("examples"), schema.get("enum")):
        if found:
            return found[0]
    return schema.get("example")


def _example(document: Schema, content: Schema) -> Any:
    if _JSON not in content:
        return None
    whole = resolved(document, content[_JSON]["schema"])
    return _value(document, whole)


def _value(document: Schema, schema: Schema) -> Any:
    """A value as the schema wants it: its own example, or else what it must have."""
    whole = resolved(document, schema)
    if (found := example_of(whole)) is not None:
        return found
    for several in ("anyOf", "oneOf"):
        if several in whole:
            return _value(document, whole[several][0])
    if whole.get("type") == "array":
        return [_value(document, whole.get("items", {}))]
    if whole.get("type") == "object":
        properties = whole.get("properties", {})
        return {name: _value(document, properties[name]) for name in whole.get("required", [])}
    return {"integer": 1, "number": 1.0, "boolean": True}.get(whole.get("type", ""), "…")


def _curl(method: str, url: str, body: Any, *, with_token: bool) -> str:
    words = ["curl"]
    if method != "get":
        words += ["-X", method.upper()]
    if with_token:
        words += ["-H", "Authorization: Bearer TOKEN"]
    words.append(url)
    line = shlex.join(words)
    if body is None:
        return line
    given = shlex.quote(json.dumps(body, ensure_ascii=False))
    return f"{line} \\\n  -H 'Content-Type: application/json' \\\n  -d {given}"
