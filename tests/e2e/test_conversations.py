"""Conversations held with the simulator: it says byte for byte what it was asked, and the records say when and why."""

import re
import shlex
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from support.command import latest, llocust
from support.simulator import running_simulator

from harness import shelf
from harness.conversation import split
from harness.dialects import DIALECTS
from harness.dialects.ask import Ask
from harness.pauses import draw_us, think_time
from harness.simulator.words import draw_text, seed_of
from harness.testset import Message, deal, digest

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "conversations.md"
DIALOGUES = shelf.find("dialogues")
TOKENS, USERS, REQUESTS = 8, 3, 45
PAUSE = "uniform:20ms,60ms"


@pytest.fixture(scope="module")
def simulator():
    with running_simulator("--ttft", "0.01", "--itl", "0.001", "--tokens", str(TOKENS)) as running:
        yield running


def swept(simulator, cwd, *words):
    """A run, and what the server knows of its requests by their ids."""
    simulator.reset()
    typed = words if "--host" in words else ("--host", simulator.url, "--testset", "dialogues", *words)
    done = llocust("sweep", "--spawn-rate", "100", "--quiet", *typed, cwd=cwd)
    assert done.returncode == 0, done.stderr + done.stdout
    return latest(cwd), {row["id"]: row for row in simulator.requests()}


def conversations(records):
    """The records of each conversation, in the order of its turns; conversations as they began."""
    found = {}
    for record in sorted(records, key=lambda record: record.seq):
        found.setdefault(record.conversation, []).append(record)
    return list(found.values())


def sent(record, messages, dialect="chat"):
    """The digest of the body that asks with these messages."""
    ask = Ask(id=record.id, url="http://h", model="sim", messages=tuple(messages), max_tokens=256)
    return digest(DIALECTS[dialect].encode(ask).body)


def answered(messages):
    """What the simulator says to these messages."""
    prompt = "\n".join(message.text for message in messages)
    return "".join(piece.text for piece in draw_text(seed_of(0, prompt), TOKENS))


def expected_bodies(turns, records, live):
    """What is asked at each turn, by the set and by what the server must have said."""
    history = []
    for turn, record in zip(turns, records, strict=False):
        history += turn.said
        yield sent(record, history)
        history += [Message("assistant", answered(history))] if live else turn.answer


SHOWN = re.findall(r"^llocust sweep (.*)$", DOCUMENTATION.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("shown", "processes"), [*zip(SHOWN, ("2", "0"), strict=True)], ids=SHOWN)
def test_every_turn_holds_what_was_said_before_and_comes_when_it_is_due(simulator, tmp_path, shown, processes):
    typed = shlex.split(shown)
    typed[typed.index("--host") + 1] = simulator.url
    typed[typed.index("--think-time") + 1] = PAUSE  # nobody wants to wait that long
    bounded = ("--users", str(USERS), "--requests", str(REQUESTS), "--seed", "4")
    run, truth = swept(simulator, tmp_path, *typed, *bounded, "--no-keep-text", "--processes", processes)
    how, most = (run.manifest.options[name] for name in ("conversations", "max_turns"))
    records = run.records()
    assert len(records) == len(truth) == REQUESTS
    assert {record.outcome for record in records} == {"ok"}
    assert {record.text for record in records} == {None}
    # The connection of a user lives through all its pauses.
    assert len({row["connection"] for row in truth.values()}) == USERS
    begun = Counter()
    for turns in conversations(records):
        user, number = turns[0].user, begun[turns[0].user]
        begun[user] += 1
        prompt = deal(DIALOGUES, 4, user, number, USERS)
        dialogue = split(prompt.messages)[:most]
        assert {(each.user, each.prompt, each.turns) for each in turns} == {
            (user, f"dialogues/{prompt.index}", len(dialogue))
        }
        assert [each.turn for each in turns] == list(range(len(turns)))
        assert turns[0].conversation == turns[0].id
        assert [truth[each.id]["body"] for each in turns] == list(expected_bodies(dialogue, turns, how == "live"))
        assert (turns[0].think_us, turns[0].due_ns) == (None, None)
        for before, after in pairwise(turns):
            assert after.think_us == draw_us(think_time(PAUSE), 4, user, number, after.turn)
            assert after.due_ns == before.sent_ns + (before.ended_us + after.think_us) * 1000
            assert after.begun_ns >= after.due_ns
    found = run.report["points"][0]["conversations"]
    assert (found["seen"], found["begun"], found["turns"], found["abandoned"]) == (begun.total(), begun.total(), 45, 0)
    assert found["finished"] == sum(turns[-1].turn + 1 == turns[-1].turns for turns in conversations(records))
    assert found["unfinished"] <= USERS
    assert [each["sent"] for each in found["by_turn"]] == [
        count for _, count in sorted(Counter(record.turn for record in records).items())
    ]


def test_users_who_pause_are_counted_as_present(simulator, tmp_path):
    words = ("--conversations", "live", "--think-time", "exponential:200ms", "--users", "8")
    run, _ = swept(simulator, tmp_path, *words, "--run-time", "2s", "--settle", "0")
    (point,) = run.report["points"]
    # An answer takes 17 ms and a pause 200 ms in the mean: most of the users pause.
    assert point["concurrency"]["mean"] < 4 < point["concurrency"]["thinking"]
    assert point["concurrency"]["mean"] + point["concurrency"]["thinking"] == pytest.approx(8, abs=0.5)
    assert "concurrency_not_reached" not in {reason["code"] for reason in point["reasons"]}


def test_a_turn_that_fails_is_the_last_of_its_conversation(tmp_path):
    # Exactly one request in five is cut.
    with running_simulator("--ttft", "0.01", "--itl", "0.001", "--tokens", "8", "--fault", "cut=0.2") as simulator:
        run, truth = swept(simulator, tmp_path, "--conversations", "live", "--users", "2", "--requests", "40")
    records = run.records()
    cut = {name for name, row in truth.items() if row["fault"] == "cut"}
    assert (len(records), len(cut)) == (40, 8)
    for turns in conversations(records):
        assert not cut & {record.id for record in turns[:-1]}
    found = run.report["points"][0]["conversations"]
    assert (found["abandoned"], found["turns"]) == (8, 40)
    assert found["seen"] == found["finished"] + 8 + found["unfinished"]
    assert run.report["points"][0]["locust"]["agrees"] is True


def test_the_first_token_comes_later_with_each_turn_where_the_history_is_read_anew(tmp_path):
    # 100 µs for each token of the prompt: the history of the last turns takes ten times the first question.
    engine = ("--step-ms", "2", "--step-ms-per-seq", "0", "--prefill-us", "100", "--tokens", "4")
    with running_simulator(*engine) as simulator:
        run, _ = swept(simulator, tmp_path, "--conversations", "replay", "--users", "1", "--requests", "47")
    by_turn = run.report["points"][0]["conversations"]["by_turn"]
    # The set has twelve dialogues of 47 turns in all, of which all are asked once.
    assert [each["sent"] for each in by_turn] == [12, 12, 12, 8, 3]
    ttft_s = [each["ttft_s"]["p50"] for each in by_turn]
    tokens = [each["prompt_tokens"]["p50"] for each in by_turn]
    assert all(later > before for before, later in pairwise(tokens))
    for first_s, count in zip(ttft_s, tokens, strict=True):
        assert first_s >= 0.002 + count * 100e-6 - 0.004
