import pytest

from harness.call import Timeouts
from harness.options import OPTIONS, Options, UsageMistakes, flag, resolve
from harness.values import duration_s

URL = "http://127.0.0.1:8000"


def mistakes(**raw) -> list[str]:
    with pytest.raises(UsageMistakes) as info:
        resolve({"host": URL} | raw)
    assert str(info.value) == "\n".join(info.value.mistakes)
    return info.value.mistakes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("0", 0),
        ("1.5", 1.5),
        (" 30 ", 30),
        ("30s", 30),
        ("1.5s", 1.5),
        ("500ms", 0.5),
        ("2.5ms", 0.0025),
        ("2m", 120),
        ("1h", 3600),
        ("1m30s", 90),
        # 3600 + 20 * 60 + 10
        ("1h20m10s", 4810),
        # 60 + 0.5
        ("1m500ms", 60.5),
    ],
)
def test_a_time(text, seconds):
    assert duration_s(text) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize("text", ["", " ", "s", "abc", "10x", "1s1m", "1m1h", "10 s", "s30", "1d", "--", "5 minutes"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match=r"^a time such as 30, 30s, 500ms, 2m or 1h20m$"):
        duration_s(text)


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "-0.001"])
def test_a_time_that_cannot_be(text):
    with pytest.raises(ValueError, match=r"^a time of zero or more$"):
        duration_s(text)


def test_the_defaults():
    options = resolve({"host": URL})
    assert options == Options(
        host=URL,
        model=None,
        dialect="chat",
        testset="chat",
        testset_format=None,
        testset_columns={},
        images=None,
        image_size=None,
        image_pool=32,
        images_per_request=1,
        input_tokens=None,
        input_chars=None,
        output_tokens=None,
        synthetic_prompts=1000,
        prefix_share=0,
        prefix_pool=1,
        targets=(),
        target_mode="interleaved",
        min_tokens=None,
        ignore_eos=False,
        temperature=None,
        top_p=None,
        sampling_seed=None,
        stop=(),
        extra_body={},
        users=(1, 2, 4, 8, 16),
        run_time_s=30,
        requests=None,
        settle_s=30,
        drain_s=120,
        spawn_rate=None,
        connect_timeout_s=10,
        first_byte_timeout_s=120,
        idle_timeout_s=60,
        timeout_s=600,
        max_tokens=256,
        api_key_env="OPENAI_API_KEY",
        headers=(),
        slo={},
        keep_text=True,
        salt=False,
        seed=0,
        probe=True,
        work_dir=".",
        name="sweep",
        desc="",
        locustfile=None,
        fail_on=None,
        lang="en",
    )
    assert options.timeouts == Timeouts(connect_s=10, first_byte_s=120, idle_s=60, total_s=600)


def test_the_defaults_of_the_documentation_are_the_defaults():
    told = {
        option.key: option.default
        for option in OPTIONS
        if option.default
        not in (
            "required",
            "–",
            "empty",
            "off",
            "the only one the server lists",
            "all users within 5 s",
            "by dialect",
            "the server's",
        )
    }
    told.pop("locustfile")
    assert fields(resolve({"host": URL} | told)) == fields(Options(host=URL))


def fields(options: Options) -> dict:
    return {name: getattr(options, name) for name in options.__struct_fields__}


def test_every_field_of_the_options_is_in_the_table():
    assert {option.key for option in OPTIONS} == set(Options.__struct_fields__)


def test_every_value_as_text():
    options = resolve(
        {
            "host": "https://h:8443/v1/",
            "model": "m",
            "users": ["1", "2,4", "8 16"],
            "run_time_s": "1m",
            "settle_s": "0",
            "drain_s": "500ms",
            "spawn_rate": "0.5",
            "connect_timeout_s": "1",
            "first_byte_timeout_s": "2",
            "idle_timeout_s": "3",
            "timeout_s": "1h",
            "max_tokens": "64",
            "api_key_env": "MY_KEY",
            "headers": ["X-A:  b ", "Authorization: env:TOKEN", "x-tenant: a, b"],
            "slo": ["ttft=500ms", "tpot=0.05,e2e=10s", "itl_p95=1"],
            "keep_text": "off",
            "salt": "on",
            "seed": "-3",
            "fail_on": "doubtful",
            "lang": "zh",
        }
    )
    assert options.host == "https://h:8443/v1"
    assert options.users == (1, 2, 4, 8, 16)
    assert (options.run_time_s, options.settle_s, options.drain_s, options.spawn_rate) == (60, 0, 0.5, 0.5)
    assert options.timeouts == Timeouts(1, 2, 3, 3600)
    assert (options.max_tokens, options.api_key_env, options.seed) == (64, "MY_KEY", -3)
    assert options.headers == ("X-A: b", "Authorization: env:TOKEN", "x-tenant: a, b")
    assert options.slo == {"ttft": 0.5, "tpot": 0.05, "e2e": 10, "itl_p95": 1}
    assert (options.keep_text, options.salt, options.fail_on, options.lang) == (False, True, "doubtful", "zh")


@pytest.mark.parametrize("users", ["1 2 4", "1,2,4", ["1", "2", "4"], ["1,2", "4"], [1, 2, 4]])
def test_user_counts(users):
    assert resolve({"host": URL, "users": users}).users == (1, 2, 4)


def test_none_is_the_default_and_other_keys_are_not_ours():
    assert resolve({"host": URL, "run_time_s": None, "headless": True}).run_time_s == 30


@pytest.mark.parametrize("text", ["on", "true", "Yes", "1", True])
def test_switched_on(text):
    assert resolve({"host": URL, "salt": text}).salt is True


@pytest.mark.parametrize("text", ["off", "False", "no", "0", False])
def test_switched_off(text):
    assert resolve({"host": URL, "keep_text": text}).keep_text is False


TIME = "give a time such as 30, 30s, 500ms, 2m or 1h20m."


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"host": None}, "--host is missing: give the server's URL, e.g. --host http://127.0.0.1:8000."),
        ({"host": ""}, "--host: give a URL such as http://127.0.0.1:8000."),
        ({"host": "127.0.0.1:8000"}, "--host: give a URL such as http://127.0.0.1:8000."),
        ({"host": "ftp://h"}, "--host: give a URL such as http://127.0.0.1:8000."),
        ({"host": "http://"}, "--host: give a URL such as http://127.0.0.1:8000."),
        ({"host": "http://h:port"}, "--host: give a URL such as http://127.0.0.1:8000."),
        ({"host": "http://h:0"}, "--host: give a URL such as http://127.0.0.1:8000."),
        ({"host": "http://h:99999"}, "--host: give a URL such as http://127.0.0.1:8000."),
        ({"host": "http://[::1"}, "--host: give a URL such as http://127.0.0.1:8000."),
        (
            {"dialect": "morse"},
            "--dialect 'morse': give one of chat, completions, responses, messages, gemini, ollama, tgi, or a dialect of your own: a file such as ./my_dialect.py, or a module such as my_package.my_dialect.",
        ),
        ({"users": ["1", "x"]}, "--users 'x': give a whole number of one or more."),
        ({"users": ["0"]}, "--users '0': give a whole number of one or more."),
        ({"users": ["2.5"]}, "--users '2.5': give a whole number of one or more."),
        ({"users": [" "]}, "--users is empty: give one or more user counts, e.g. --users 1 2 4 8."),
        ({"run_time_s": "soon"}, f"--run-time 'soon': {TIME}"),
        ({"run_time_s": "0"}, "--run-time '0': give a time longer than zero."),
        ({"requests": "many"}, "--requests 'many': give a whole number of one or more."),
        ({"settle_s": "-1"}, "--settle '-1': give a time of zero or more."),
        ({"drain_s": "x"}, f"--drain 'x': {TIME}"),
        ({"spawn_rate": "0"}, "--spawn-rate '0': give users per second, above zero."),
        ({"spawn_rate": "fast"}, "--spawn-rate 'fast': give users per second, above zero."),
        ({"spawn_rate": "inf"}, "--spawn-rate 'inf': give users per second, above zero."),
        ({"spawn_rate": "nan"}, "--spawn-rate 'nan': give users per second, above zero."),
        ({"connect_timeout_s": "0s"}, "--connect-timeout '0s': give a time longer than zero."),
        ({"timeout_s": "2h"}, "--timeout '2h': give an hour at most."),
        ({"max_tokens": "-1"}, "--max-tokens '-1': give a whole number of one or more."),
        ({"api_key_env": "sk-123"}, "--api-key-env: give the name of an environment variable, not a key."),
        ({"headers": ["X-A"]}, '--header: give "Name: value" or "Name: env:VARIABLE".'),
        ({"headers": ["X A: b"]}, '--header: give "Name: value" or "Name: env:VARIABLE".'),
        ({"headers": ["X-A: b\r\nX-B: c"]}, '--header: give "Name: value" or "Name: env:VARIABLE".'),
        ({"headers": ["X-A: env:sk-1"]}, "--header: give the name of an environment variable, not a key."),
        (
            {"headers": ["X-Request-ID: 1"]},
            "--header: give another header: X-Request-ID is set by llocust itself.",
        ),
        (
            {"slo": ["ttft"]},
            "--slo 'ttft': give NAME=TIME with a name of ttft, tpot, e2e, itl_p95, such as ttft=500ms.",
        ),
        ({"slo": ["x=1"]}, "--slo 'x=1': give NAME=TIME with a name of ttft, tpot, e2e, itl_p95, such as ttft=500ms."),
        ({"slo": ["ttft=x"]}, f"--slo 'ttft=x': {TIME}"),
        ({"slo": ["ttft=0"]}, "--slo 'ttft=0': give a time longer than zero."),
        ({"salt": "maybe"}, "--salt 'maybe': give on or off."),
        ({"seed": "x"}, "--seed 'x': give a whole number."),
        ({"fail_on": "trusted"}, "--fail-on 'trusted': give one of doubtful, invalid."),
        ({"lang": "de"}, "--lang 'de': give one of en, zh."),
        ({"name": "a/b"}, "--name 'a/b': give letters, digits, dots, dashes and underscores, 80 at most."),
        ({"name": "a" * 81}, f"--name '{'a' * 81}': give letters, digits, dots, dashes and underscores, 80 at most."),
        (
            {"requests": "16", "run_time_s": "30"},
            "--requests and --run-time exclude each other: bound a point by one of them.",
        ),
        (
            {"requests": "7", "users": "4 8"},
            "--requests 7 is fewer than the 8 users of a point: some would have nothing to send.",
        ),
        ({"requests": "15"}, "--requests 15 is fewer than the 16 users of a point: some would have nothing to send."),
        ({"probe": False}, "--no-probe leaves the model unknown: name it with --model."),
    ],
)
def test_a_mistake_is_a_sentence(raw, sentence):
    assert mistakes(**raw) == [sentence]


def test_all_mistakes_at_once():
    assert mistakes(host=None, users=["0", "x"], settle_s="?", lang="de", requests="1", run_time_s="1") == [
        "--users '0': give a whole number of one or more.",
        "--users 'x': give a whole number of one or more.",
        f"--settle '?': {TIME}",
        "--lang 'de': give one of en, zh.",
        "--host is missing: give the server's URL, e.g. --host http://127.0.0.1:8000.",
        "--requests and --run-time exclude each other: bound a point by one of them.",
    ]


@pytest.mark.parametrize(
    "raw",
    [
        {"host": "http://user:SECRET@h"},
        {"host": "http://SECRET@h"},
        {"host": "http://:SECRET@h"},
        {"host": "http://h/v1?api_key=SECRET"},
        {"host": "http://h/v1?sig=SECRET"},
        {"api_key_env": "sk-SECRET"},
        {"api_key_env": "SECRET=="},
        {"api_key_env": "hf_abcDEFghiJKLmnoSECRET"},
        {"headers": ["X-Api-Key: env:gsk_0123456789abcdefSECRET"]},
        {"headers": ["Authorization: Bearer SECRET"]},
        {"headers": ["X-Api-Key: SECRET"]},
        {"headers": ["Cookie: SECRET"]},
        {"headers": ["X-Tenant: Bearer SECRET"]},
        {"headers": ["X-Tenant: basic SECRET"]},
        {"headers": ["X-Api-Key: env:SECRET-1"]},
        {"headers": ["SECRET"]},
    ],
    ids=str,
)
def test_a_secret_is_refused_and_not_repeated(raw):
    sentences = mistakes(**raw)
    assert len(sentences) == 1
    assert "SECRET" not in sentences[0]


@pytest.mark.parametrize("name", ["K", "my_key_2", "VERY_LONG_NAME_OF_A_VARIABLE_2", "very_long_name_of_a_variable"])
def test_names_of_variables(name):
    assert resolve({"host": URL, "api_key_env": name}).api_key_env == name


def test_the_remedy_for_a_secret():
    assert mistakes(headers=["X-Api-Key: 1"]) == [
        '--header: give a secret by its environment variable: "X-Api-Key: env:VARIABLE".'
    ]
    assert mistakes(host="http://u:p@h") == [
        '--host: give a URL without credentials; pass them with --header "Name: env:VARIABLE".'
    ]


@pytest.mark.parametrize(("key", "name"), [("users", "--users"), ("timeout_s", "--timeout"), ("headers", "--header")])
def test_the_flag_of_a_key(key, name):
    assert flag(key) == name


def test_a_column_map_is_read_field_by_field():
    options = resolve({"host": URL, "testset_columns": "prompt=the question, expected = answer,messages=a=b"})

    assert options.testset_columns == {"prompt": "the question", "expected": "answer", "messages": "a=b"}


@pytest.mark.parametrize("text", ["", "prompt", "prompt=", "=q", "question=q", "prompt=a,prompt=b", "prompt=a,"])
def test_a_column_map_that_is_none_is_a_sentence(text):
    with pytest.raises(UsageMistakes) as caught:
        resolve({"host": URL, "testset_columns": text})

    assert caught.value.mistakes == [
        (
            f"--testset-columns {text!r}: give FIELD=COLUMN, several with commas between them, each field once and one of "
            "prompt, messages, system, images, expected, max_tokens, id."
        )
    ]


def test_a_size_is_width_and_height():
    assert resolve({"host": URL, "image_size": " 512x300 "}).image_size == (512, 300)


@pytest.mark.parametrize("text", ["512", "0x5", "5x0", "4097x1", "1x4097", "-1x2", "5 x 5", "5x5x5", ""])
def test_a_size_that_is_none_is_a_sentence(text):
    with pytest.raises(UsageMistakes) as caught:
        resolve({"host": URL, "image_size": text})

    assert caught.value.mistakes == [
        f"--image-size {text!r}: give width and height in pixels, 4096 at most, such as 512x512."
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"images": "d", "image_size": "5x5"},
            "--images and --image-size exclude each other: images are in a folder, or drawn.",
        ),
        (
            {"images": "d", "image_pool": "5"},
            "--image-pool needs --image-size: it is the number of images that are drawn.",
        ),
        (
            {"images_per_request": "2"},
            "--images-per-request needs --images DIR or --image-size WxH, where the images come from.",
        ),
    ],
)
def test_options_about_images_that_do_not_go_together(given, sentence):
    with pytest.raises(UsageMistakes) as caught:
        resolve({"host": URL} | given)

    assert caught.value.mistakes == [sentence]


@pytest.mark.parametrize("crew", [{"processes": "2"}, {"master": "on", "expect_workers": "2"}])
def test_a_calibration_of_one_process_says_nothing_about_several(crew):
    with pytest.raises(
        UsageMistakes, match=r"^--calibrate measures one load process: leave it out, and run `llocust cal"
    ):
        resolve({"host": "http://h", "model": "m", "calibrate": "on", **crew})
