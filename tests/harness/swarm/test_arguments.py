from argparse import Namespace

import pytest
from locust import User, argument_parser
from locust.argument_parser import get_parser, ui_extra_args_dict
from locust.env import Environment

from harness import dialects
from harness.launch import NOWHERE
from harness.options import OPTIONS, UsageMistakes, resolve
from harness.swarm.arguments import adopt_typed, read_arguments

URL = "http://h:8000"
LOCUSTS = {option.key for option in OPTIONS if option.locusts}
"""What Locust has itself."""
SWEEPS = {"calibrate", "fail_on", "lang", "prices", "requests", "targets", "target_mode"}
"""What only a sweep has a use for."""


def parse(*words) -> Namespace:
    return get_parser(default_config_files=[]).parse_args(list(words))


def read(*words, user_classes=()):
    parsed = parse(*words)
    return read_arguments(Environment(parsed_options=parsed, host=parsed.host, user_classes=list(user_classes)))


def test_what_locust_has_itself():
    crew = {
        "processes",
        "master",
        "master_bind_host",
        "master_bind_port",
        "expect_workers",
        "expect_workers_max_wait_s",
    }
    assert {"host", "users", "run_time_s", "spawn_rate", "locustfile"} | crew == LOCUSTS


def test_locusts_parser_has_our_options():
    ours = {option.key for option in OPTIONS} - LOCUSTS - SWEEPS
    parsed = vars(parse())
    assert {key: parsed[key] for key in ours} == dict.fromkeys(ours)
    assert not SWEEPS & parsed.keys()
    assert parsed["llocust_run"] is None


def test_the_web_form_has_those_that_are_no_secrets_and_no_paths():
    form = ui_extra_args_dict([])
    ours = {option.key for option in OPTIONS} - LOCUSTS - SWEEPS
    assert set(form) & (ours | {"llocust_run"}) == ours - {
        "headers",
        "api_key_env",
        "work_dir",
        "probe",
        "slo",
        "on_worker_loss",
        "extra_body",
        "plots",
        "query_model",
        "stop",
        "tokenizer",
    }
    assert form["keep_text"]["choices"] == ("on", "off")


def test_nothing_given_is_the_defaults_of_a_run_called_locust():
    assert read("--host", URL) == resolve({"host": URL, "name": "locust"})


def test_values_are_read_back():
    options = read(
        *("--host", URL, "--model", "m", "--test-set", "code", "--settle", "1m", "--max-tokens", "9", "--seed", "3"),
        *("--header", "X-A: b, c", "--header", "X-D: env:E", "--slo", "ttft=1", "--slo", "e2e=9s"),
        *("--keep-text", "off", "--salt", "--name", "mine"),
    )
    assert (options.host, options.model, options.testset, options.settle_s) == (URL, "m", "code", 60)
    assert (options.max_tokens, options.seed, options.name) == (9, 3, "mine")
    assert options.headers == ("X-A: b, c", "X-D: env:E")
    assert options.slo == {"ttft": 1, "e2e": 9}
    assert (options.keep_text, options.salt) == (False, True)


def test_what_is_asked_of_the_server_beside_the_prompt(tmp_path):
    (tmp_path / "body.json").write_text('{"top_k": 4}')
    words = ("--temperature", "0", "--stop", "a b", "--stop", "c", "--ignore-eos", "on", "--extra-body")
    options = read("--host", URL, *words, str(tmp_path / "body.json"))
    assert (options.temperature, options.stop, options.ignore_eos) == (0, ("a b", "c"), True)
    assert options.extra_body == {"top_k": 4}


def test_locusts_users_and_run_time_are_not_ours():
    options = read("--host", URL, "-u", "500", "-t", "9m", "-r", "7")
    assert (options.users, options.run_time_s, options.spawn_rate) == ((1, 2, 4, 8, 16), 30, None)


def test_an_empty_field_of_the_form_is_not_given():
    parsed = parse("--host", URL)
    parsed.model, parsed.settle_s, parsed.keep_text = "", "", ""
    assert read_arguments(Environment(parsed_options=parsed, host=URL)) == resolve({"host": URL, "name": "locust"})


def test_the_host_of_the_user_class():
    class Mine(User):
        host = "http://mine"

    assert read(user_classes=[Mine]).host == "http://mine"
    assert read("--host", URL, user_classes=[Mine]).host == URL


def test_mistakes_in_what_was_given():
    with pytest.raises(UsageMistakes) as info:
        read("--settle", "x", "--max-tokens", "0")
    assert sorted(sentence.split(" ")[0] for sentence in info.value.mistakes) == ["--host", "--max-tokens", "--settle"]


@pytest.mark.parametrize(
    ("words", "crew"),
    [((), (0, False)), (("--processes", "3"), (3, False)), (("--master",), (0, True))],
)
def test_who_makes_the_load_is_known(words, crew):
    options = read("--host", URL, *words)
    assert (options.processes, options.master) == crew
    # What Locust makes of --processes in the parent.
    parsed = parse("--host", URL, "--processes", "2")
    parsed.master = True
    assert read_arguments(Environment(parsed_options=parsed, host=URL, user_classes=[])).master is False


def test_what_locust_asks_for_at_every_spawn_is_made_once():
    import harness.swarm.worker  # noqa: F401 - it sees to that

    assert argument_parser.default_args_dict() is argument_parser.default_args_dict()
    assert "users" not in argument_parser.default_args_dict()
    assert "num_users" in argument_parser.default_args_dict()


DIALECT = "def encode(ask):\n    return {}\n\n\ndef decode(event):\n    yield event.data\n"


def test_a_dialect_of_ones_own_is_known_from_the_command_and_not_from_the_form(tmp_path, monkeypatch):
    monkeypatch.setattr(dialects, "_OTHERS", dict(dialects._OTHERS))
    file = tmp_path / "mine.py"
    file.write_text(DIALECT)
    parsed = parse("--host", URL, "--model", "m")
    environment = Environment(parsed_options=parsed, host=URL)
    parsed.dialect = str(file)
    with pytest.raises(UsageMistakes, match=r"name a dialect of your own on the command line\.$"):
        read_arguments(environment)
    adopt_typed(environment)
    assert read_arguments(environment).dialect == str(file)


def test_a_dialect_of_ones_own_that_will_not_do_is_told():
    environment = Environment(parsed_options=parse("--dialect", "./none.py"))
    with pytest.raises(UsageMistakes, match=r"^--dialect './none.py': there is no file of that name"):
        adopt_typed(environment)


def test_query_model_needs_no_host_and_locust_gets_one_that_is_nobodys():
    environment = Environment(parsed_options=parse("--query-model", "mine.py"))
    adopt_typed(environment)
    assert environment.host == NOWHERE
    options = read_arguments(environment)
    assert (options.query_model, options.dialect, options.host) == ("mine.py", "query_model", "mine.py")
