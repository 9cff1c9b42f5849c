from itertools import combinations

import pytest

from harness import outcome
from harness.outcome import Break, Ending, Outcome, classify

# The table of outcomes in its order, each with the least that brings it about.
LEAST = {
    "dropped": {"dropped": True},
    "aborted": {"aborted": True},
    "connect": {"broke": Break.CONNECT},
    "tls": {"broke": Break.TLS},
    "timeout_connect": {"broke": Break.TIMEOUT_CONNECT},
    "timeout_total": {"broke": Break.TIMEOUT_TOTAL},
    "timeout_first_byte": {"broke": Break.TIMEOUT_FIRST_BYTE},
    "timeout_idle": {"broke": Break.TIMEOUT_IDLE},
    "refused_429": {"status": 429},
    "refused_4xx": {"status": 404},
    "server_5xx": {"status": 503},
    "redirect": {"status": 302},
    "malformed": {"unreadable": True},
    "fault": {"fault": True},
    "cut": {"broke": Break.CUT},
    "empty": {"content_events": 0},
    "truncated": {"content_events": 1, "finished": False},
    "ok": {"content_events": 1, "finished": True},
}
ORDER = list(LEAST)

# Whatever can be true together with the least of two lines, but for the one field that both of them set.
TOGETHER = [
    (first, second) for first, second in combinations(ORDER, 2) if not LEAST[first].keys() & LEAST[second].keys()
]


def test_the_list_is_closed_and_in_the_order_in_which_it_is_asked():
    assert [str(each) for each in Outcome] == ORDER
    assert [result for result, _ in outcome._ORDER] == list(Outcome)


@pytest.mark.parametrize("name", ORDER)
def test_each_outcome_is_reached_by_the_least_that_brings_it_about(name):
    assert classify(Ending(**LEAST[name])) == name


@pytest.mark.parametrize(("first", "second"), TOGETHER)
def test_the_first_line_that_applies_wins(first, second):
    assert classify(Ending(**LEAST[second] | LEAST[first])) == first


# A whole answer is the opposite of the last three.
@pytest.mark.parametrize("name", ORDER[:-3])
def test_a_whole_answer_does_not_outweigh_any_failure(name):
    whole = {"status": 200, "finished": True, "output_tokens": 5, "content_events": 5}

    assert classify(Ending(**whole | LEAST[name])) == name


def test_lines_that_share_a_field_but_can_be_true_together_keep_their_order():
    assert classify(Ending(status=429)) == "refused_429"  # 429 is a 4xx as well
    assert classify(Ending(content_events=0, finished=False)) == "empty"  # rather than truncated
    assert classify(Ending(unreadable=True, broke=Break.CUT)) == "malformed"


@pytest.mark.parametrize("how", list(Break))
def test_a_break_is_the_outcome_of_its_name(how):
    assert classify(Ending(broke=how)) == Outcome(how.value)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "ok"),
        (299, "ok"),
        (300, "redirect"),
        (399, "redirect"),
        (400, "refused_4xx"),
        (428, "refused_4xx"),
        (429, "refused_429"),
        (430, "refused_4xx"),
        (499, "refused_4xx"),
        (500, "server_5xx"),
        (599, "server_5xx"),
        (None, "ok"),
    ],
)
def test_statuses_are_judged_by_their_hundreds(status, expected):
    assert classify(Ending(status=status, content_events=1, finished=True)) == expected


@pytest.mark.parametrize("how", [Break.MALFORMED, Break.CUT])
@pytest.mark.parametrize(("status", "expected"), [(429, "refused_429"), (503, "server_5xx"), (302, "redirect")])
def test_a_status_outranks_how_its_body_ended(how, status, expected):
    assert classify(Ending(status=status, broke=how, unreadable=True, fault=True)) == expected


@pytest.mark.parametrize("how", [Break.TIMEOUT_TOTAL, Break.TIMEOUT_FIRST_BYTE, Break.TIMEOUT_IDLE])
def test_a_clock_that_ran_out_outranks_a_status(how):
    assert classify(Ending(status=503, broke=how)) == how.value


@pytest.mark.parametrize(
    ("content_events", "output_tokens", "finished", "expected"),
    [
        (0, None, True, "empty"),
        (0, 0, True, "empty"),
        (0, None, False, "empty"),
        # Tokens were made, though none of them could be seen: an answer nonetheless.
        (0, 3, True, "ok"),
        (0, 3, False, "truncated"),
        (1, None, True, "ok"),
        (1, 0, True, "ok"),
        (1, None, False, "truncated"),
    ],
)
def test_a_complete_answer_is_judged_by_content_tokens_and_finish(content_events, output_tokens, finished, expected):
    ending = Ending(status=200, content_events=content_events, output_tokens=output_tokens, finished=finished)

    assert classify(ending) == expected


def test_every_outcome_is_either_ok_or_failed_or_not_judged():
    assert {"dropped"} == outcome.NEVER_SENT
    assert {"dropped", "aborted"} == outcome.NOT_JUDGED
    # 18 outcomes less ok and the two that are not judged.
    assert set(ORDER) - {"ok", "dropped", "aborted"} == outcome.FAILED
    assert len(outcome.FAILED) == 15
