import json
from pathlib import Path

import pytest
from support.rows import NOON

from service.store.file import FileResults, file_wanted
from service.store.nouns import BadCursor, Page, ResultFilter, StoreError


def five() -> list[dict]:
    """As another system wrote them: no zone, a null, a number without a fraction."""
    return [
        {
            "request_id": str(n),
            "prompt_text": f"prompt {n}",
            "generated_text": f"answer {n}",
            "token_count": [10, 20, 30, 40, 51][n - 1],
            "time_to_first_token": [100, 110.5, None, 90.0, 120.0][n - 1],
            "time_per_output_token": [10.0, 11.0, 12.0, 13.0, 14.0][n - 1],
            "total_generation_time": [1000, 1100, 1200, 1300, 1400][n - 1],
            "timestamp": f"2026-01-31T12:00:0{n}",
        }
        for n in range(1, 6)
    ]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "test_database.json"
    path.write_text(json.dumps({"benchmarking_results": five()}))
    return path


def test_the_averages_are_those_that_one_gets_by_hand(path):
    (average,) = FileResults(path).average()
    # 151 / 5, 420.5 / 4, 60 / 5, 6000 / 5
    assert average.token_count == 30.2
    assert average.time_to_first_token == 105.125
    assert average.time_per_output_token == 12.0
    assert average.total_generation_time == 1200.0
    assert average.count == 5


def test_a_window_of_the_file(path):
    wanted = ResultFilter(begin=NOON.replace(second=2), end=NOON.replace(second=4))
    (average,) = FileResults(path).average(wanted)
    assert (average.count, average.token_count) == (3, 30)
    assert FileResults(path).average(ResultFilter(begin=NOON.replace(second=6))) == []
    assert FileResults(path).average(ResultFilter(outcome="cut")) == []
    assert [each.model for each in FileResults(path).average(by_model=True)] == [None]


def test_pages_of_the_file(path):
    results = FileResults(path)
    first = results.results(page=Page(limit=2))
    assert ([each.request_id for each in first.items], first.total) == (["5", "4"], 5)
    assert first.items[0].prompt_text == "prompt 5"
    second = results.results(page=Page(limit=2, cursor=first.next))
    assert [each.request_id for each in second.items] == ["3", "2"]
    last = results.results(page=Page(limit=2, cursor=second.next))
    assert ([each.request_id for each in last.items], last.next) == (["1"], None)
    assert [each.request_id for each in results.results(ResultFilter(request_id="3")).items] == ["3"]
    with pytest.raises(BadCursor):
        results.results(page=Page(cursor="x"))


def test_the_file_may_change_while_it_is_served(path):
    results = FileResults(path)
    assert results.results().total == 5
    path.write_text('{"benchmarking_results": []}')
    assert results.results().total == 0
    assert results.average() == []


def test_keys_that_mean_nothing_here_and_numbers_like_12_0(path):
    only = five()[0] | {"token_count": 12.0, "temperature": 0.7}
    path.write_text(json.dumps({"benchmarking_results": [only], "version": 3}))
    assert FileResults(path).results().items[0].token_count == 12


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nonsense", "Invalid JSON"),
        ("{}", "benchmarking_results: Field required"),
        ("[]", "object"),
        (json.dumps({"benchmarking_results": [five()[0], five()[1] | {"token_count": "many"}]}), "benchmarking_results.1.token_count: "),
        (json.dumps({"benchmarking_results": [five()[0] | {"time_to_first_token": -1}]}), "benchmarking_results.0.time_to_first_token: "),
        (json.dumps({"benchmarking_results": [five()[0] | {"timestamp": "soon"}]}), "benchmarking_results.0.timestamp: "),
    ],
)  # fmt: skip
def test_a_file_that_is_none(path, text, why):
    path.write_text(text)
    with pytest.raises(StoreError) as info:
        FileResults(path).average()
    assert str(info.value).startswith(f"{path} is no file of results: ")
    assert why in str(info.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(
        StoreError, match=r"none\.json, which SUPERBENCHMARK_DEBUG=True serves, cannot be read: No such file"
    ):
        FileResults(tmp_path / "none.json").average()


def test_what_the_environment_says():
    named = Path("elsewhere.json")
    assert file_wanted({}) is None
    assert file_wanted({}, named) is None
    for word in ("False", "false", "0", ""):
        assert file_wanted({"SUPERBENCHMARK_DEBUG": word}, named) is None
    for word in ("True", "true", " TRUE ", "1"):
        assert file_wanted({"SUPERBENCHMARK_DEBUG": word}) == Path("test_database.json")
    assert file_wanted({"SUPERBENCHMARK_DEBUG": "True"}, named) == named
    with pytest.raises(StoreError, match=r"^SUPERBENCHMARK_DEBUG must be True or False\.$"):
        file_wanted({"SUPERBENCHMARK_DEBUG": "maybe"})
