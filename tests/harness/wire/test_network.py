import pytest

from harness.wire.network import DIRECT, Network, NetworkError, resolve

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_nothing_set_is_direct():
    network = resolve("https://api.test/v1")
    assert network == DIRECT
    assert network.describe() == {"ca": "bundled with requests"}


def test_the_proxy_of_the_scheme_is_taken_and_described_without_its_credentials(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://me:s3cret@proxy.test:3128")
    network = resolve("https://api.test/v1")
    assert network.proxies["https"] == "http://me:s3cret@proxy.test:3128"
    assert network.describe() == {"ca": "bundled with requests", "proxy": "http://proxy.test:3128"}
    assert resolve("http://api.test/v1").proxy is None


def test_a_proxy_without_a_scheme_is_http(monkeypatch):
    monkeypatch.setenv("http_proxy", "proxy.test:3128")
    assert resolve("http://api.test").describe()["proxy"] == "http://proxy.test:3128"


def test_no_proxy_wins(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "api.test")
    assert resolve("https://api.test/v1") == DIRECT


def test_a_kind_of_proxy_that_is_not_supported_is_refused_at_once(monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5://me:s3cret@proxy.test:1080")
    with pytest.raises(NetworkError, match="socks5 proxy, which is not supported") as caught:
        resolve("https://api.test/v1")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_bundle_is_taken_from_the_environment(monkeypatch, tmp_path, variable):
    path = tmp_path / "ca.pem"
    path.write_text("")
    monkeypatch.setenv(variable, str(path))
    network = resolve("https://api.test/v1")
    assert network.verify == str(path)
    assert network.describe() == {"ca": str(path)}


def test_a_bundle_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such.pem")
    with pytest.raises(NetworkError, match=r"REQUESTS_CA_BUNDLE names /no/such\.pem, which does not exist"):
        resolve("https://api.test/v1")


def test_a_bundle_that_holds_no_certificate_is_named(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text("nothing")
    with pytest.raises(NetworkError, match=r"ca\.pem holds no CA certificates"):
        Network(verify=str(path)).tls_context()


def test_not_verifying_is_described():
    assert Network(verify=False).describe() == {"ca": "not verified"}


def test_one_context_serves_all():
    assert Network().tls_context() is DIRECT.tls_context()
