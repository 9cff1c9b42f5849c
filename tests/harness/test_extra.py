import pytest

from harness.extra import extra_body


def test_an_object():
    assert extra_body(' {"top_k": 4, "a": {"b": [1, null]}}') == {"top_k": 4, "a": {"b": [1, None]}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("body.json", "a JSON object, or the path of a file with one; there is no such file"),
        ("[1]", "a JSON object, or the path of a file with one; there is no such file"),
        ("{'a': 1}", "a JSON object, or the path of a file with one; this is none: JSON is malformed"),
        ('{"api_key": "sk"}', "an object without 'api_key'; a secret is sent as --header"),
        ('{"Authorization": "sk"}', "an object without 'Authorization'"),
    ],
)
def test_what_is_none(text, sentence):
    with pytest.raises(ValueError) as info:
        extra_body(text)
    assert str(info.value).startswith(sentence)


def test_a_field_of_a_schema_may_be_called_anything():
    body = {"response_format": {"properties": {"api_key": {"type": "string"}}}}
    assert extra_body('{"response_format": {"properties": {"api_key": {"type": "string"}}}}') == body
