"""Whom runs may ask."""

from pathlib import Path

import pytest

from harness.wire.fence import ALLOWED, REFUSED, read
from service.safety.targets import refusals, rule
from service.safety.tokens import Token
from service.settings import Settings

TOKEN = Token("ci", "run", "a" * 64)
NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "llm.internal": ["10.1.2.3"],
    "two-faced.example": ["93.184.216.34", "169.254.169.254"],
    "api.example": ["93.184.216.34", "2606:2800:220:1::1"],
    "mapped.example": ["::ffff:169.254.169.254"],
}
OWN = Settings(data=Path("data"))
SHARED = Settings(data=Path("data"), host="10.0.0.5", tokens=(TOKEN,))


def resolve(host):
    if " " in host:
        raise OSError("no such name")
    return NAMES.get(host, [host])


def is_refused(settings, url):
    return bool(list(refusals(rule(settings), [url], resolve)))


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://[::1]:8000/v1",
        "http://llm.internal",
        "https://api.example/v1",
        "api.example",
    ],
)
def test_ones_own_service_asks_its_machine_its_network_and_the_world(url):
    assert not is_refused(OWN, url)


CREDENTIALS = [
    "http://169.254.169.254/latest/meta-data",
    "http://169.254.170.2",
    "http://[fe80::1%25eth0]/",
    "http://[fd00:ec2::254]",
    "http://100.100.100.200",
    "http://168.63.129.16",
    "http://two-faced.example",
    "http://mapped.example",
    "http://0.0.0.0:8000",
    "http://[::]:8000",
    "http://224.0.0.1",
    "http://255.255.255.255",
    "http://[::ffff:a9fe:a9fe]",
]


@pytest.mark.parametrize("settings", [OWN, SHARED], ids=["own", "shared"])
@pytest.mark.parametrize("url", CREDENTIALS)
def test_nobody_asks_where_credentials_are_kept(settings, url):
    assert is_refused(settings, url)


INSIDE = [
    "http://localhost",
    "http://127.0.0.1:8000",
    "http://127.1.2.3",
    "http://[::1]",
    "http://10.0.0.1",
    "http://172.16.0.1",
    "http://172.31.255.255",
    "http://192.168.1.1",
    "http://100.64.0.1",
    "http://llm.internal",
    "http://[fc00::1]",
    "http://[fd12::1]",
    "http://[::ffff:127.0.0.1]",
    "http://[64:ff9b::7f00:1]",
    "http://[2002:7f00:1::]",
]


@pytest.mark.parametrize("url", INSIDE)
def test_a_service_for_others_asks_nothing_inside(url):
    assert is_refused(SHARED, url)
    assert is_refused(Settings(data=Path("data"), tokens=(TOKEN,)), url)


@pytest.mark.parametrize(
    "url", ["https://api.example/v1", "http://8.8.8.8", "http://172.32.0.1", "http://[2606:2800:220:1::1]"]
)
def test_a_service_for_others_asks_the_world(url):
    assert not is_refused(SHARED, url)


@pytest.mark.parametrize("allowed", ["llm.internal", "LLM.Internal", "10.1.2.3", "10.1.0.0/16", "10.1.2.99/16"])
def test_what_is_allowed_may_be_asked(allowed):
    settings = Settings(data=Path("data"), tokens=(TOKEN,), allowed_targets=(allowed,))
    assert not is_refused(settings, "http://llm.internal:8000/v1")
    assert not is_refused(settings, "http://LLM.internal.:8000/v1")
    assert is_refused(settings, "http://10.2.0.1")


@pytest.mark.parametrize("url", ["http://", "http:///path", "http://[::1", "//", "http://[nonsense]/"])
def test_what_has_no_host_is_refused(url):
    assert is_refused(OWN, url)


def test_a_name_that_leads_nowhere_is_left_to_the_run():
    assert not is_refused(SHARED, "http://no such.name")


def test_odd_spellings_of_an_address_are_that_address():
    assert list(refusals(rule(SHARED), ["http://2130706433/"]))
    assert list(refusals(rule(SHARED), ["http://0x7f.1/"]))


@pytest.mark.parametrize("settings", [OWN, SHARED], ids=["own", "shared"])
@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fe80::1%eth0", "::ffff:169.254.1.1", "8.8.8.8"]
)
def test_a_run_keeps_to_the_same_rule(settings, address):
    words = rule(settings).as_words()
    assert set(words) == {REFUSED, ALLOWED}
    assert read(words).permits("name", address) == rule(settings).permits(address)


def test_a_run_is_told_what_is_allowed():
    settings = Settings(data=Path("data"), tokens=(TOKEN,), allowed_targets=("llm.internal", "192.168.0.0/16"))
    fence = read(rule(settings).as_words())
    assert fence.permits("LLM.internal", "10.1.2.3")
    assert fence.permits("other", "192.168.7.7")
    assert not fence.permits("other", "10.1.2.3")
    assert read({}) is None
