"""What deploy/ holds fits together, and every command in it is understood by the real parsers. Linted by `make lint-deploy`."""

import argparse
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from support.deployed import DEPLOY, documents, of_compose, of_kubernetes

from harness import errand
from harness.options import resolve
from harness.simulator.options import SimulatorOptions, add_arguments
from harness.sweep import read_command
from service.cli import make_parser

ROOT = DEPLOY.parent
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
PLACES = ("server", "master", "worker")
CONTAINERS = [*of_compose(), *of_kubernetes()]


def understand_simulate(words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return SimulatorOptions.from_namespace(parser.parse_args(words))


UNDERSTAND = {
    "sweep": lambda words: read_command(words).resolve(),
    "worker": errand.read_command,
    "simulate": understand_simulate,
}


def understood(container):
    verb, *words = container.words
    return UNDERSTAND[verb](words)


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No config file, and no variable of ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("container", CONTAINERS, ids=str)
def test_commands_are_understood(container):
    assert understood(container)


@pytest.mark.parametrize("containers", [of_compose(), of_kubernetes()], ids=["compose", "kubernetes"])
def test_master_workers_and_server_find_each_other(containers):
    server, master, worker = (next(each for each in containers if each.place == place) for place in PLACES)
    options, errand_of_worker, simulator = understood(master), understood(worker), understood(server)
    assert options.master
    assert options.expect_workers == worker.replicas
    prefix = "" if master.source == "compose.yaml" else "llocust-"
    assert options.host == f"http://{prefix}server:{simulator.port}"
    assert errand_of_worker.host == f"{prefix}master"
    assert errand_of_worker.port == options.master_bind_port
    # From inside the container alone nobody else could ask it, or come to it.
    assert (simulator.host, options.master_bind_host) == ("0.0.0.0", "*")


def test_services_lead_to_the_ports_that_are_listened_on():
    services = {
        each["metadata"]["name"]: each["spec"] for each in documents("kubernetes.yaml") if each["kind"] == "Service"
    }
    master = next(each for each in of_kubernetes() if each.place == "master")
    assert [port["port"] for port in services["llocust-master"]["ports"]] == [understood(master).master_bind_port]
    assert f"EXPOSE {understood(master).master_bind_port}" in DOCKERFILE
    templates = {
        json.dumps(each["spec"]["template"]["metadata"]["labels"], sort_keys=True)
        for each in documents("kubernetes.yaml")
        if "template" in each["spec"]
    }
    for spec in services.values():
        assert json.dumps(spec["selector"], sort_keys=True) in templates
    ports = {
        port["name"]: port["containerPort"]
        for each in documents("kubernetes.yaml")
        if "template" in each["spec"]
        for port in each["spec"]["template"]["spec"]["containers"][0].get("ports", [])
    }
    for spec in services.values():
        assert all(ports[port["targetPort"]] == port["port"] for port in spec["ports"])


def test_there_is_time_to_follow_what_is_in_flight():
    drain_s = resolve({"host": "http://server:8000"}).drain_s
    (compose,) = documents("compose.yaml")
    assert int(compose["services"]["master"]["stop_grace_period"].removesuffix("s")) > drain_s
    jobs = {each["metadata"]["name"]: each["spec"] for each in documents("kubernetes.yaml") if each["kind"] == "Job"}
    assert jobs["llocust-master"]["template"]["spec"]["terminationGracePeriodSeconds"] > drain_s
    # A lost worker would be turned away, and a sweep with a finding run again.
    assert {job["backoffLimit"] for job in jobs.values()} == {0}


def test_results_outlive_their_container():
    (compose,) = documents("compose.yaml")
    (volume,) = compose["services"]["master"]["volumes"]
    name, _, path = volume.partition(":")
    assert name in compose["volumes"]
    assert path == "/data/output"
    assert "WORKDIR /data\n" in DOCKERFILE
    claims = {
        each["metadata"]["name"] for each in documents("kubernetes.yaml") if each["kind"] == "PersistentVolumeClaim"
    }
    for pod in (master_pod(), documents("kubernetes-results.yaml")[0]["spec"]):
        (used,) = (each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"])
        assert used in claims
        assert [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]] == ["/data/output"]


def master_pod():
    (job,) = (
        each
        for each in documents("kubernetes.yaml")
        if each["metadata"]["name"] == "llocust-master" and each["kind"] == "Job"
    )
    return job["spec"]["template"]["spec"]


def test_the_service_in_a_container_is_reached_and_keeps_its_data():
    (compose,) = documents("service.yaml")
    service = compose["services"]["service"]
    verb, *words = service["command"]
    assert verb == "serve"
    options = make_parser().parse_args(words)
    assert options.host == "0.0.0.0"
    assert service["ports"] == [f"127.0.0.1:{options.port}:{options.port}"]
    assert f":{options.port}/health" in service["healthcheck"]["test"][-1]
    (volume,) = service["volumes"]
    name, _, path = volume.partition(":")
    assert name in compose["volumes"]
    assert path == str(options.data)
    assert f"{path} " in DOCKERFILE or f"{path}\n" in DOCKERFILE  # it is the user's, and so is a new volume
    # From the shell: nothing is written down.
    assert set(service["environment"]) == {"LLOCUST_TOKENS", "LLOCUST_ALLOW_TARGET", "LLOCUST_DATABASE"}
    assert '".[service,quality]"' in DOCKERFILE


def test_no_key_is_written_down():
    text = "".join(path.read_text(encoding="utf-8") for path in DEPLOY.iterdir())
    assert not re.search(r"OPENAI_API_KEY\s*[=:]\s*\S", text)


def test_the_image_is_built_from_all_that_the_package_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}
    needed |= set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    copied = {
        source.rstrip("/")
        for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied == needed
    assert all((ROOT / source).exists() for source in copied)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    allowed = {line.removeprefix("!").rstrip("/") for line in ignored.splitlines() if line.startswith("!")}
    assert allowed == needed


def test_the_python_of_the_image_is_one_that_the_package_runs_on():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    least = project["project"]["requires-python"].removeprefix(">=")
    versions = set(re.findall(r"^FROM python:([\d.]+)-slim", DOCKERFILE, re.MULTILINE))
    assert versions == {least}


PAGE = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
SHOWN = [
    shlex.split(words)
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for words in re.findall(r"^docker run .*\bllocust (.+)$", block.replace("\\\n", ""), re.MULTILINE)
]


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_commands_on_the_page_are_understood(words):
    assert UNDERSTAND[words[0]](words[1:])


def test_the_page_shows_one():
    assert SHOWN


def test_files_named_on_the_page_are_there():
    named = set(re.findall(r"deploy/[\w.-]*\w", PAGE))
    assert named >= {f"deploy/{path.name}" for path in DEPLOY.iterdir()} - {"deploy/Dockerfile.dockerignore"}
    assert all(Path(ROOT, name).exists() for name in named)
