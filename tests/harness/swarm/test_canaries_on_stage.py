"""What a stage makes of a canary: asked in the same way, whatever else the run asks for."""

import json

import pytest
from locust.env import Environment
from msgspec.structs import replace
from support.folders import record
from support.plans import HOST, plan

from harness.canaries import flock
from harness.dialects import DIALECTS, adopt
from harness.dialects.own import make_dialect
from harness.options import Options
from harness.run import TargetInfo
from harness.shelf import find
from harness.swarm import users
from harness.swarm.stage import Stage
from harness.userfile import load

CANARIES = flock(find("canaries"))
LOUD = {
    "temperature": 0.9,
    "top_p": 0.5,
    "sampling_seed": 77,
    "stop": ("END",),
    "ignore_eos": True,
    "min_tokens": 9,
    "salt": True,
}
"""All that would make one canary unlike another, or unlike itself in another run."""


@pytest.fixture
def stage(tmp_path):
    """Makes a stage with these options."""

    def make(dialect="chat", canaries=CANARIES, **options):
        made = plan(tmp_path, "r")
        manifest = replace(
            made.manifest, targets=[TargetInfo(name="default", url=HOST, model="m", dialect=dialect)], dialect=dialect
        )
        chosen = Options(host=HOST, dialect=dialect, canary_every=5, **options)
        return Stage(made._replace(manifest=manifest, options=chosen, testset=find("chat"), canaries=canaries), "w1")

    return make


def body(call):
    return json.loads(call.body)


def test_a_canary_is_recorded_as_one_and_by_its_own_name(stage):
    stage = stage()
    ledger, _ = stage.open(0, CANARIES.prompts[3])
    record = ledger.close(1_000, "window")
    assert (record.prompt, record.canary, record.wanted) == ("canaries/3", True, None)
    other, _ = stage.open(0, find("chat").prompts[3])
    assert (other.identity.prompt, other.close(1_000, "window").canary) == ("chat/3", False)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_is_asked_alike_whatever_the_run_asks_for(stage, dialect):
    _, quiet = stage(dialect).open(0, CANARIES.prompts[0])
    _, again = stage(dialect, **LOUD).open(7, CANARIES.prompts[0])
    assert body(quiet) == body(again)


def test_it_is_greedy_in_each_apis_own_words(stage):
    def asked(dialect):
        return body(stage(dialect, **LOUD).open(0, CANARIES.prompts[0])[1])

    assert {key: asked("chat")[key] for key in ("temperature", "seed")} == {"temperature": 0, "seed": 0}
    assert asked("messages")["temperature"] == 0
    assert asked("gemini")["generationConfig"] == {"maxOutputTokens": 64, "temperature": 0, "seed": 0}
    assert asked("ollama")["options"] == {"num_predict": 64, "temperature": 0, "seed": 0}
    # Its router refuses a temperature of 0, and takes the likeliest token where none is given.
    assert asked("tgi")["parameters"] == {"max_new_tokens": 64, "details": True}


def test_an_extra_body_does_not_bring_chance_back(stage):
    extra = {"temperature": 1.0, "chat_template_kwargs": {"seed": 3, "thinking": False}}
    _, plain = stage().open(0, CANARIES.prompts[0])
    _, canary = stage(extra_body=extra).open(0, CANARIES.prompts[0])
    _, other = stage(extra_body=extra).open(0, find("chat").prompts[0])
    assert body(canary) == body(plain) | {"chat_template_kwargs": {"thinking": False}}
    assert {key: body(other)[key] for key in extra} == extra


def test_nor_where_an_api_keeps_it_deeper_in(stage):
    extra = {"generationConfig": {"topP": 0.3, "topK": 5}}
    _, call = stage("gemini", extra_body=extra).open(0, CANARIES.prompts[0])
    wanted = {"maxOutputTokens": 64, "temperature": 0, "seed": 0, "topK": 5}
    assert body(call)["generationConfig"] == wanted


def test_log_probabilities_are_asked_of_canaries_as_of_all(stage):
    for prompt in (CANARIES.prompts[0], find("chat").prompts[0]):
        assert body(stage(logprobs=True).open(0, prompt)[1])["logprobs"] is True
        assert "logprobs" not in body(stage().open(0, prompt)[1])


def test_users_get_them_in_their_turn(stage):
    stage = stage()
    given = [stage.canary(1, number) for number in range(10)]
    # (number + 1) divisible by 5: the numbers 4 and 9
    assert [number for number, prompt in enumerate(given) if prompt is not None] == [4, 9]
    assert (given[4], given[9]) == (CANARIES.prompts[0], CANARIES.prompts[1])


def test_a_run_without_canaries_has_none(stage):
    assert stage(canaries=None).canary(0, 0) is None


def test_a_dialect_of_ones_own_is_asked_in_its_own_words(stage, tmp_path):
    file = tmp_path / "house_dialect.py"
    file.write_text(
        'samples = {"temperature": "heat"}\n'
        "def encode(ask):\n"
        '    return {"q": ask.prompt, "tell": ask.logprobs}\n'
        "def decode(event):\n"
        "    return [event.data]\n"
    )
    adopt(str(file), make_dialect(load(str(file), "--dialect"), str(file)))
    _, call = stage(str(file), temperature=0.9, logprobs=True).open(0, CANARIES.prompts[0])
    assert body(call) == {"q": "Explain in three sentences why bread rises in the oven.", "tell": True, "heat": 0}


class Asker(users.PromptUser):
    """Notes what it asks, and asks nobody."""

    host = "http://h"
    index = 1

    def __init__(self, stage):
        super().__init__(Environment())
        self.stage = stage
        self.asked = []

    def _exchange(self, prompt, place):
        self.asked.append((prompt.canary, prompt.index, place.turns))
        return users._Answer(record(), "")


def asked(stage, times):
    user = Asker(stage)
    for _ in range(times):
        user.converse(user.next_prompt())
    return user.asked


def test_the_other_prompts_come_as_they_would_without(stage):
    with_canaries = asked(stage(), 12)
    assert [place for place, (canary, *_) in enumerate(with_canaries) if canary] == [4, 9]
    without = asked(stage(canaries=None), 10)
    assert [each for each in with_canaries if not each[0]] == without


def test_a_canary_is_no_conversation(stage):
    told = asked(stage(conversations="replay", max_turns=1), 5)
    assert [(canary, turns) for canary, _, turns in told] == [(False, 1)] * 4 + [(True, None)]
