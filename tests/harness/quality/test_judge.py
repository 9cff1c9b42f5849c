"""A judge is asked once, may mend its form once, and is never taken at a word it did not give."""

import json
import threading
from functools import partial

import msgspec
import pytest
from support.judged import KEY, KEY_ENV, a_judge, an_answer, asking
from support.oracle import Reply, chat, consulted, in_turn, refusal
from support.simulator import running_simulator

from harness.dialects import DIALECTS
from harness.options import UsageMistakes
from harness.own import adopt_own
from harness.quality import judge, judgements, judging
from harness.quality.judge import judge_of
from harness.quality.judgements import Judgement
from harness.quality.turnstile import Turnstile
from harness.run import JUDGEMENTS

GOOD = '{"reason": "clear", "score": 4}'


def forget():
    """As a new process would."""
    judge._judge.cache_clear()
    judgements.judgements_of.cache_clear()


def kept(folder) -> list[Judgement]:
    return [msgspec.json.decode(line, type=Judgement) for line in (folder / JUDGEMENTS).read_bytes().splitlines()]


def test_the_question_and_what_is_kept_of_the_answer(tmp_path):
    with consulted(lambda _: chat(GOOD)) as oracle:
        found = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url))).score(an_answer("Paris."))
    (heard,) = oracle.heard
    assert {name: heard.body[name] for name in ("model", "temperature", "max_tokens", "stream")} == {
        "model": "arbiter",
        "temperature": 0.0,
        "max_tokens": 2048,
        "stream": False,
    }
    assert "What is the capital of France?" in heard.said
    (line,) = kept(tmp_path)
    assert line == Judgement(
        key=found.detail["judgement"],
        judge="arbiter",
        url=f"{oracle.url}/v1/chat/completions",
        prompt="coherence-1",
        said=[GOOD],
        readable=True,
    )
    assert found.value == 4.0


@pytest.mark.parametrize("name", DIALECTS)
def test_a_judge_speaks_any_dialect(tmp_path, name):
    rules = tmp_path / "rules.jsonl"
    rules.write_text(json.dumps({"contains": "Rate the coherence", "answer": f"```json\n{GOOD}\n```"}) + "\n")
    with running_simulator("--ttft", "0.001", "--itl", "0.0001", "--answers", str(rules)) as running:
        scorer = judging.coherence(asking(tmp_path, judge=a_judge(running.url, name, model="sim")))
        found = scorer.score(an_answer())
    assert (found.value, found.why) == (4.0, None)
    # TGI takes the likeliest token where no temperature is given, and refuses 0.
    assert scorer.settings["temperature"] == ("the server's own" if name == "tgi" else 0)


OWN = """
import json

def encode(ask):
    return {"q": ask.prompt}

def decode(event):
    yield json.loads(event.data)["a"]
"""


def test_a_judge_speaks_a_dialect_of_the_users_own(tmp_path):
    file = tmp_path / "arbitration.py"
    file.write_text(OWN)
    adopt_own(str(file))
    with consulted(lambda heard: Reply({"a": GOOD} if "Rate the coherence" in heard.body["q"] else {})) as oracle:
        scorer = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url, str(file))))
        assert scorer.score(an_answer()).value == 4.0
    # It names no place for a temperature.
    assert scorer.settings["temperature"] == "the server's own"


def test_it_may_mend_its_form_once(tmp_path):
    with consulted(in_turn(chat("I would say 4."), chat(GOOD))) as oracle:
        found = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url))).score(an_answer())
    assert found.value == 4.0
    question, said, note = oracle.heard[1].body["messages"]
    assert question == oracle.heard[0].body["messages"][0]
    assert said == {"role": "assistant", "content": "I would say 4."}
    assert note["content"].startswith("That could not be read: there is no JSON object. Answer once more")
    assert [line.said for line in kept(tmp_path)] == [["I would say 4.", GOOD]]


def test_one_that_said_nothing_is_asked_in_one_turn(tmp_path):
    with consulted(in_turn(chat("  "), chat(GOOD))) as oracle:
        assert judging.coherence(asking(tmp_path, judge=a_judge(oracle.url))).score(an_answer()).value == 4.0
    (message,) = oracle.heard[1].body["messages"]
    assert message["content"].startswith(oracle.heard[0].said)
    assert "That could not be read" in message["content"]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (chat("Bananas."), "there is no JSON object"),
        (chat('{"score": 9}'), "Expected `int` <= 5 - at `$.score`"),
        (chat('{"score": 1} or {"score": 5}'), "there are several JSON objects that differ"),
        (chat('{"reason": "it goes on and', "length"), "the answer ended at its bound of 2048 tokens"),
        (chat("", "length", reasoning="Hm …"), "the answer ended at its bound of 2048 tokens"),
        # Half a character: it is shown to the judge once more, and cannot be as it is.
        (chat("Bananas \ud83d."), "there is no JSON object"),
    ],
)
def test_nonsense_is_no_value_and_one_sentence(tmp_path, reply, why):
    with consulted(lambda _: reply) as oracle:
        scorer = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url)))
        found = scorer.score(an_answer())
        assert len(oracle.heard) == 2
        # Kept for whoever wants to see it. Not asked again for the next answer that reads the same, but the next time.
        assert scorer.score(an_answer()) == found
        assert len(oracle.heard) == 2
        forget()
        judging.coherence(asking(tmp_path, judge=a_judge(oracle.url))).score(an_answer())
        assert len(oracle.heard) == 4
    assert (found.value, found.passing) == (None, False)
    assert found.why == f"The judge did not answer in the form that was asked for, twice: {why}."
    assert [line.readable for line in kept(tmp_path)] == [False, False]


def test_a_judge_that_is_not_there_may_be_there_the_next_time(tmp_path):
    found = judging.coherence(asking(tmp_path, judge=a_judge("http://127.0.0.1:1"))).score(an_answer())
    assert (found.value, found.passing) == (None, True)
    assert found.why.startswith("The judge at http://127.0.0.1:1/v1/chat/completions did not answer (connect: ")
    assert not (tmp_path / JUDGEMENTS).exists()


def test_a_model_that_knows_one_temperature_only_is_asked_without(tmp_path):
    def answer(heard):
        if "temperature" in heard.body:
            return refusal(400, "Unsupported value: 'temperature' does not support 0 with this model.")
        return chat(GOOD)

    with consulted(answer) as oracle:
        scorer = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url)))
        found = scorer.score(an_answer("one"))
        scorer.score(an_answer("two"))
    assert found.value == 4.0
    assert found.detail["temperature"] == "the model's own: it refuses 0"
    # Refused once, and not tried again.
    assert ["temperature" in heard.body for heard in oracle.heard] == [True, False, False]


def test_another_refusal_is_not_mistaken_for_one_of_the_temperature(tmp_path):
    with consulted(lambda _: refusal(400, "prompt is too long")) as oracle:
        found = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url))).score(an_answer())
    assert len(oracle.heard) == 1
    assert (found.value, found.passing) == (None, False)
    assert found.why.endswith("did not answer (refused_4xx: prompt is too long).")


def test_the_same_answer_is_judged_once_and_the_next_day_too(tmp_path):
    with consulted(lambda _: chat(GOOD)) as oracle:
        asked = asking(tmp_path, judge=a_judge(oracle.url))
        scorer = judging.coherence(asked)
        assert [scorer.score(an_answer(text)).value for text in ("a", "a", "b")] == [4.0, 4.0, 4.0]
        assert len(oracle.heard) == 2
        forget()
        assert judging.coherence(asked).score(an_answer("a")).value == 4.0
        assert len(oracle.heard) == 2
        # Another question, another judge or another prompt is another thing to ask.
        judging.coherence(asked).score(an_answer("a", asked="And of Italy?"))
        judging.toxicity(asked).score(an_answer("a"))
        assert len(oracle.heard) == 5


def test_what_was_kept_by_a_version_that_read_otherwise_is_asked_anew(tmp_path):
    with consulted(lambda _: chat(GOOD)) as oracle:
        scorer = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url)))
        key = scorer.score(an_answer()).detail["judgement"]
        judgements.judgements_of(tmp_path).keep(
            Judgement(key=key, judge="m", url="u", prompt="p", said=["Four."], readable=True)
        )
        assert scorer.score(an_answer()).value == 4.0
    assert len(oracle.heard) == 2


def test_two_deployments_that_a_query_tells_apart_are_two_judges(tmp_path):
    with consulted(lambda _: chat(GOOD)) as oracle:
        scorers = [
            judging.coherence(asking(tmp_path, judge=a_judge(f"{oracle.url}/v1?deployment={name}"))) for name in "abb"
        ]
        assert [scorer.score(an_answer("the same")).value for scorer in scorers] == [4.0, 4.0, 4.0]
    assert [each.path.partition("?")[2] for each in oracle.heard] == ["deployment=a", "deployment=b"]
    assert scorers[0].settings != scorers[1].settings == scorers[2].settings


def test_half_a_character_can_be_judged(tmp_path):
    with consulted(lambda _: chat(GOOD)) as oracle:
        found = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url))).score(an_answer("Ja \ud83d"))
    assert found.value == 4.0
    assert "\nJa \ufffd\n" in oracle.heard[0].said


def test_many_threads_with_the_same_answer_ask_once(tmp_path):
    with consulted(lambda _: chat(GOOD)) as oracle:
        scorer = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url)))
        found = []
        threads = [threading.Thread(target=lambda: found.append(scorer.score(an_answer()).value)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert found == [4.0] * 8
    assert len(oracle.heard) == 1


def test_once_more_is_asked_anew_and_changes_nothing_that_is_served(tmp_path):
    with consulted(in_turn(chat(GOOD), chat('{"score": 2}'))) as oracle:
        scorer = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url)))
        assert [scorer.score(an_answer()).value, scorer.score_again(an_answer()).value] == [4.0, 2.0]
        assert scorer.score(an_answer()).value == 4.0
        assert len(oracle.heard) == 2
    assert [line.again for line in kept(tmp_path)] == [False, True]


def test_nonsense_the_second_time_takes_nothing_from_what_was_said_the_first(tmp_path):
    with consulted(in_turn(chat(GOOD), chat("Bananas."), chat("Bananas."))) as oracle:
        scorer = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url)))
        assert [scorer.score(an_answer()).value, scorer.score_again(an_answer()).value] == [4.0, None]
        assert scorer.score(an_answer()).value == 4.0
        assert len(oracle.heard) == 3


def test_no_more_a_second_than_wanted(tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr("harness.quality.correspondent.Turnstile", partial(Turnstile, sleep=slept.append))
    with consulted(lambda _: chat('{"score": 4, "toxic": false}')) as oracle:
        asked = asking(tmp_path, judge=a_judge(oracle.url), judge_rate=0.001)
        # The two share one judge, and its rate.
        judging.coherence(asked).score(an_answer())
        judging.toxicity(asked).score(an_answer("x"))
    assert [round(wait_s, -2) for wait_s in slept] == [1000.0]


def test_all_scorers_of_a_run_have_the_same_judge(tmp_path):
    asked = asking(tmp_path, judge=a_judge("http://127.0.0.1:1"))
    assert judge_of(asked) is judge_of(asked)


def test_a_header_whose_variable_is_not_set_is_said_before_anything_is_asked(tmp_path):
    tenant = a_judge("http://127.0.0.1:1", headers=("X-Tenant: env:NO_SUCH_VARIABLE",))
    with pytest.raises(UsageMistakes, match="the environment variable NO_SUCH_VARIABLE is not set"):
        judging.coherence(asking(tmp_path, judge=tenant))


REPLIES = {
    "answers": chat(f'{{"reason": "{KEY}", "score": 4}}'),
    "babbles": chat(f"You sent {KEY}."),
    "refuses": refusal(401, f"Incorrect API key provided: {KEY}."),
    "faults": Reply({"error": f"bad key {KEY}"}),
    "redirects": Reply({}, 307, {"Location": f"http://h/?key={KEY}"}),
    "is no JSON": Reply(f"<b>{KEY}</b>".encode()),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_key_is_found_nowhere(tmp_path, monkeypatch, reply):
    monkeypatch.setenv(KEY_ENV, KEY)
    with consulted(lambda _: reply) as oracle:
        scorer = judging.coherence(asking(tmp_path, judge=a_judge(oracle.url)))
        found = [scorer.score(an_answer()), scorer.score_again(an_answer())]
    assert oracle.heard[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(found) + repr(scorer.settings) + repr(vars(scorer))
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())
