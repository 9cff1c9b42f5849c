"""What a stage makes of a turn: its names, its salt, and who listens to its answer."""

import json

import pytest
from msgspec.structs import replace
from support.plans import HOST, plan

from harness.call import Arrival, Head
from harness.conversation import Place
from harness.options import Options
from harness.shelf import find
from harness.swarm.stage import Stage

SET = find("dialogues")
PROMPT = SET.prompts[0]
SAID = b'data: {"choices":[{"index":0,"delta":{"content":"Hm."}}]}\n\n'


@pytest.fixture
def stage(tmp_path):
    """Makes a stage with these options."""

    def make(**options):
        made = plan(tmp_path, "r")._replace(options=Options(host=HOST, **options), testset=SET)
        return Stage(made, "w1")

    return make


def salt_in(call):
    return json.loads(call.body)["messages"][0]["content"].split(" ")[0]


def test_a_conversation_has_the_name_of_its_first_request(stage):
    stage = stage(conversations="replay")
    first, _ = stage.open(4, PROMPT, Place(turns=3))
    second, _ = stage.open(4, PROMPT, Place(1, 3, first.identity.conversation, 2_000_000, 77))
    other, _ = stage.open(5, PROMPT, Place(turns=3))
    alone, _ = stage.open(5, PROMPT)
    assert first.identity.conversation == first.identity.id
    assert second.identity.conversation == first.identity.id != second.identity.id
    assert (second.identity.turn, second.identity.turns, second.identity.think_us, second.identity.due_ns) == (
        *(1, 3),
        *(2_000_000, 77),
    )
    assert other.identity.conversation == other.identity.id
    assert (alone.identity.turn, alone.identity.turns, alone.identity.conversation) == (0, None, None)


def test_a_conversation_has_one_salt(stage):
    stage = stage(conversations="replay", salt=True)
    first, opening = stage.open(4, PROMPT, Place(turns=3))
    _, going_on = stage.open(4, PROMPT, Place(1, 3, first.identity.conversation))
    _, other = stage.open(4, PROMPT, Place(turns=3))
    assert salt_in(opening) == salt_in(going_on) != salt_in(other)


@pytest.mark.parametrize(
    ("options", "heard", "kept"),
    [
        ({"conversations": "live", "keep_text": False}, "Hm.", None),
        ({"conversations": "live"}, "Hm.", "Hm."),
        ({"conversations": "replay", "keep_text": False}, "", None),
        ({"keep_text": False}, "", None),
    ],
)
def test_a_live_answer_is_heard_also_where_it_is_not_kept(stage, options, heard, kept):
    stage = stage(**options)
    ledger, _ = stage.open(0, PROMPT, Place(turns=3))
    ledger.sent(1_000, 10)
    ledger.opened(Head(2_000, 200, "text/event-stream", None))
    ledger.arrived(Arrival(3_000, SAID))
    assert (ledger.text, ledger.close(4_000, "window").text) == (heard, kept)


def test_a_turn_keeps_the_prompts_own_bound(stage):
    _, call = stage(max_tokens=99).open(0, replace(PROMPT, max_tokens=7), Place(turns=3))
    assert 7 in json.loads(call.body).values()
