"""What a moderation endpoint says of answers."""

import json

import pytest
from support.gaps import gap
from support.judged import KEY, KEY_ENV, a_judge, an_answer, asking
from support.oracle import Reply, consulted, refusal
from support.simulator import running_simulator

from harness.quality.answer import Asker, Unavailable
from harness.quality.correspondent import Unanswered
from harness.quality.moderation import Moderations, moderation, read
from harness.run import JUDGEMENTS


def result(*, flagged: bool | None = True, **scores: float) -> dict:
    told = {"categories": {name: score > 0.5 for name, score in scores.items()}, "category_scores": scores}
    return told if flagged is None else {"flagged": flagged, **told}


def moderated(*results: dict) -> Reply:
    return Reply({"id": "modr-1", "model": "m", "results": list(results)})


@pytest.mark.parametrize(
    ("results", "value", "label", "highest"),
    [
        ([result(hate=0.6, violence=0.9)], 1.0, "violence", 0.9),
        ([result(flagged=False, hate=0.1)], 0.0, None, 0.1),
        # Mistral's says nothing of flags.
        ([result(flagged=None, hate=0.6)], 1.0, "hate", 0.6),
        ([result(flagged=None, hate=0.4)], 0.0, None, 0.4),
        # A long text, looked at in parts.
        ([result(flagged=False, hate=0.2), result(sexual=0.8)], 1.0, "sexual", 0.8),
        ([{"flagged": True}], 1.0, None, None),
        ([{"flagged": False, "categories": {"hate": None}, "category_scores": {"hate": None}}], 0.0, None, 0.0),
    ],
)
def test_flagged_or_not(results, value, label, highest):
    found = read(json.dumps({"results": results}))
    assert (found.value, found.label, found.detail.get("highest")) == (value, label, highest)


@pytest.mark.parametrize(
    "body",
    [
        *("", "{}", "[]", '{"results": []}', '{"results": 3}', "<html>", '{"results": [{"flagged": 2}]}'),
        # Of another API, perhaps: nothing in it says that the answer is harmless.
        *(
            '{"results": [{}]}',
            '{"results": [{"label": "hate", "categories": {}}]}',
            '{"results": [{"flagged": null}]}',
        ),
        '{"results": [{"flagged": false}, {"categories": {"hate": null}}]}',
    ],
)
def test_what_is_no_moderation_is_one_sentence(body):
    with pytest.raises(
        Unanswered, match=r"^The moderation endpoint answered (something else: .*|without a result)\.$"
    ) as caught:
        read(body)
    assert not caught.value.passing


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("http://h", "http://h/v1/moderations"),
        ("http://h/v1", "http://h/v1/moderations"),
        ("http://h/v1/moderations", "http://h/v1/moderations"),
        ("http://h/v1/chat/completions", "http://h/v1/moderations"),
    ],
)
def test_where_it_is(host, url):
    assert Moderations().endpoint(host) == url


def test_the_answer_alone_is_sent_and_asked_about_once(tmp_path):
    with consulted(lambda _: moderated(result(hate=0.6))) as oracle:
        scorer = moderation(asking(tmp_path, moderation=a_judge(oracle.url, name="moderation")))
        assert isinstance(scorer, Asker)
        assert [scorer.score(an_answer("Grr.")).value for _ in range(2)] == [1.0, 1.0]
        assert len(oracle.heard) == 1
        assert scorer.score_again(an_answer("Grr.")).label == "hate"
        assert len(oracle.heard) == 2
    assert (oracle.heard[0].path, oracle.heard[0].body) == ("/v1/moderations", {"input": "Grr.", "model": "arbiter"})
    assert scorer.settings == {"url": f"{oracle.url}/v1/moderations", "model": "arbiter"}


def test_two_deployments_that_a_query_tells_apart_are_two_endpoints(tmp_path):
    with consulted(lambda heard: moderated(result(flagged=heard.path.endswith("=b")))) as oracle:
        scorers = [
            moderation(asking(tmp_path, moderation=a_judge(f"{oracle.url}/v1?deployment={name}"))) for name in "abb"
        ]
        assert [scorer.score(an_answer("the same")).value for scorer in scorers] == [0.0, 1.0, 1.0]
        assert len(oracle.heard) == 2


def test_an_endpoint_of_one_model_is_not_told_its_name(tmp_path):
    with consulted(lambda _: moderated(result(flagged=False, hate=0.0))) as oracle:
        scorer = moderation(asking(tmp_path, moderation=a_judge(oracle.url, model=None)))
        assert scorer.score(an_answer()).value == 0.0
    assert oracle.heard[0].body == {"input": "Paris."}
    assert scorer.settings["model"] == "the endpoint's own"


def test_nonsense_is_no_value_and_is_asked_again_by_whoever_scores_again(tmp_path):
    with consulted(lambda _: Reply({"verdict": "fine"})) as oracle:
        scorer = moderation(asking(tmp_path, moderation=a_judge(oracle.url)))
        found = [scorer.score(an_answer()) for _ in range(2)]
        assert len(oracle.heard) == 2
    assert {(each.value, each.passing) for each in found} == {(None, False)}
    assert (tmp_path / JUDGEMENTS).read_bytes().count(b'"readable":false') == 2


def test_an_error_inside_a_200_may_pass(tmp_path):
    with consulted(lambda _: Reply({"error": {"message": "try later"}})) as oracle:
        found = moderation(asking(tmp_path, moderation=a_judge(oracle.url))).score(an_answer())
    assert (found.value, found.passing) == (None, True)
    assert found.why.endswith("did not answer (fault: try later).")


def test_an_endpoint_that_is_not_there(tmp_path):
    found = moderation(asking(tmp_path, moderation=a_judge("http://127.0.0.1:1"))).score(an_answer())
    assert (found.value, found.passing) == (None, True)
    assert found.why.startswith(
        "The moderation endpoint at http://127.0.0.1:1/v1/moderations did not answer (connect: "
    )


def test_without_an_endpoint_or_without_answers(tmp_path):
    with pytest.raises(Unavailable, match=r"^No moderation endpoint was named: give --moderation "):
        moderation(asking(tmp_path))
    scorer = moderation(asking(tmp_path, moderation=a_judge("http://127.0.0.1:1")))
    assert gap(scorer, [an_answer(" ")]) == "All answers are empty: there is nothing to moderate."
    assert gap(scorer, [an_answer(" "), an_answer()]) is None


@pytest.mark.parametrize("reply", [moderated({"flagged": True, "note": KEY}), refusal(401, f"bad key {KEY}")])
def test_the_key_is_found_nowhere(tmp_path, monkeypatch, reply):
    monkeypatch.setenv(KEY_ENV, KEY)
    with consulted(lambda _: reply) as oracle:
        found = moderation(asking(tmp_path, moderation=a_judge(oracle.url))).score(an_answer())
    assert oracle.heard[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(found)
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_the_simulators_endpoint(tmp_path):
    with running_simulator("--ttft", "0.001", "--itl", "0.001") as running:
        scorer = moderation(asking(tmp_path, moderation=a_judge(running.url, model=None)))
        assert scorer.score(an_answer("The sky is blue.")).value == 0.0
