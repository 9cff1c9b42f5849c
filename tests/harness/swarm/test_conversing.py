"""A user that holds conversations: what it asks and when, with a stage that only notes it, and no network."""

from itertools import count
from types import SimpleNamespace

import pytest
from locust.env import Environment
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING
from support.folders import MS, record

from harness.conversation import ALONE, Place
from harness.options import Options
from harness.pauses import Constant, Uniform
from harness.swarm import users
from harness.testset import Message, Prompt

DIALOGUE = Prompt(
    index=0,
    messages=tuple(
        Message(role, text)
        for role, text in (("user", "One?"), ("assistant", "1."), ("user", "Two?"), ("user", "And?"))
    ),
)


class Talker(users.PromptUser):
    """Is answered from a list, and its sleep is noted, not slept."""

    host = "http://h"
    index = 3

    def __init__(self, *answers, **options):
        super().__init__(Environment())
        self.stage = SimpleNamespace(plan=SimpleNamespace(options=Options(host="http://h", **options)))
        self._state = LOCUST_STATE_RUNNING
        self.answers = list(answers)
        self.asked = []
        self._at_ms = count(0, 1000)

    def _exchange(self, prompt, place):
        self.asked.append(([message.text for message in prompt.messages], place))
        outcome, text = self.answers.pop(0)
        at_ms, named = next(self._at_ms), None if place.turns is None else place.conversation or "c"
        told = record(at_ms, outcome=outcome, turn=place.turn, turns=place.turns, conversation=named)
        return users._Answer(told, text)


@pytest.fixture
def slept(monkeypatch):
    """Until when."""
    moments = []
    monkeypatch.setattr(users, "_sleep_until", moments.append)
    return moments


def test_without_the_option_a_dialogue_is_one_request(slept):
    user = Talker(("ok", "Uno."))
    user.converse(DIALOGUE)
    assert user.asked == [(["One?", "1.", "Two?", "And?"], ALONE)]


@pytest.mark.parametrize(("how", "before"), [("replay", "1."), ("live", "Uno.")])
def test_turns_follow_each_other_at_once_without_a_pause(slept, how, before):
    user = Talker(("ok", "Uno."), ("ok", "Dos."), conversations=how)
    last = user.converse(DIALOGUE)
    assert user.asked == [(["One?"], Place(turns=2)), (["One?", before, "Two?", "And?"], Place(1, 2, "c"))]
    assert (last.turn, slept) == (1, [])


def test_a_pause_begins_where_the_answer_ended(slept):
    user = Talker(("ok", "Uno."), ("ok", "Dos."), conversations="live", think_time=Constant(2.5))
    user.converse(DIALOGUE)
    first = record(0)
    due_ns = first.sent_ns + 145 * MS + 2_500 * MS
    assert user.asked[1][1] == Place(1, 2, "c", 2_500_000, due_ns)
    assert slept == [due_ns]
    assert user._state == LOCUST_STATE_RUNNING


def test_whoever_pauses_is_stopped_as_one_who_waits(monkeypatch):
    user = Talker(("ok", "Uno."), ("ok", "Dos."), conversations="live", think_time=Constant(2.5))
    states = []
    monkeypatch.setattr(users, "_sleep_until", lambda _: states.append(user._state))
    user.converse(DIALOGUE)
    assert states == [LOCUST_STATE_WAITING]


def test_whoever_is_to_stop_says_no_more(slept):
    user = Talker(("ok", "Uno."), conversations="live")
    user._state = LOCUST_STATE_STOPPING
    with pytest.raises(StopUser):
        user.converse(DIALOGUE)
    assert len(user.asked) == 1


@pytest.mark.parametrize(
    ("answer", "how"), [(("cut", "Un"), "replay"), (("server_5xx", ""), "live"), (("ok", ""), "live")]
)
def test_a_conversation_that_cannot_go_on_is_left(slept, answer, how):
    user = Talker(answer, conversations=how, think_time=Constant(1))
    assert user.converse(DIALOGUE).turn == 0
    assert (len(user.asked), slept) == (1, [])


def test_pauses_do_not_depend_on_what_became_of_other_conversations(slept):
    options = {"conversations": "replay", "think_time": Uniform(1, 5), "seed": 4}
    well = Talker(*[("ok", "x")] * 4, **options)
    ill = Talker(("cut", ""), *[("ok", "x")] * 2, **options)
    for user in (well, ill):
        user.converse(DIALOGUE)
        user.converse(DIALOGUE)
    # The second turn of the second conversation, in both.
    assert well.asked[3][1].think_us == ill.asked[2][1].think_us
    assert well.asked[1][1].think_us != well.asked[3][1].think_us


def test_turns_are_bounded(slept):
    user = Talker(("ok", "Uno."), conversations="live", max_turns=1)
    user.converse(DIALOGUE)
    assert user.asked == [(["One?"], Place(turns=1))]


def test_a_sleep_that_ends_early_is_begun_again(monkeypatch):
    clock, naps = iter([0, 900, 1_000]), []
    monkeypatch.setattr(users.time, "monotonic_ns", lambda: next(clock))
    monkeypatch.setattr(users.gevent, "sleep", naps.append)
    users._sleep_until(1_000)
    assert naps == [1_000 / 1e9, 100 / 1e9]
