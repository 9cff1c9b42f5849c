from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.simulator.options import SimulatorOptions
from harness.simulator.pacing import Arrived, Engine, Timetable, pacing_for


@dataclass(eq=False)
class Answer:
    turns: int
    over: bool = False
    due: list[int] = field(default_factory=list)

    def emit(self, due_ns):
        self.due.append(due_ns)


def run(pacing, until_ns=10**15):
    while turn := pacing.pop(until_ns):
        turn.taker.emit(turn.due_ns)


def test_fixed_tokens_follow_the_arrival_not_each_other():
    timetable = Timetable(ttft_ns=100, itl_ns=20)
    first, second = Answer(3), Answer(2)
    timetable.join(first, Arrived(1000, 5, 0))
    timetable.join(second, Arrived(1010, 5, 0))
    run(timetable)
    assert first.due == [1100, 1120, 1140]
    assert second.due == [1110, 1130]
    assert timetable.next_due_ns() is None


def test_tokens_come_in_the_order_in_which_they_are_due_and_never_early():
    timetable = Timetable(ttft_ns=100, itl_ns=20)
    first, second = Answer(2), Answer(2)
    timetable.join(first, Arrived(0, 1, 0))
    timetable.join(second, Arrived(0, 1, 0))
    assert timetable.pop(99) is None
    assert timetable.next_due_ns() == 100
    assert [timetable.pop(100).taker, timetable.pop(100).taker] == [first, second]
    assert timetable.pop(119) is None


def test_an_answer_that_is_over_gets_no_more_tokens():
    timetable = Timetable(ttft_ns=100, itl_ns=20)
    answer = Answer(5)
    timetable.join(answer, Arrived(0, 1, 0))
    run(timetable, 120)
    answer.over = True
    run(timetable)
    assert answer.due == [100, 120]
    assert timetable.next_due_ns() is None


@given(st.floats(0, 1), st.integers(0, 2**63))
def test_jitter_moves_tokens_within_half_a_gap_and_keeps_their_order(jitter_ratio, seed):
    timetable = Timetable(ttft_ns=1_000_000, itl_ns=10_000, jitter_ratio=jitter_ratio)
    answer = Answer(50)
    timetable.join(answer, Arrived(0, 1, seed))
    run(timetable)
    assert answer.due == sorted(answer.due)
    assert all(abs(due - 1_000_000 - 10_000 * k) <= 5_000 * jitter_ratio + 1 for k, due in enumerate(answer.due))


def engine(max_batch=2):
    return Engine(max_batch=max_batch, step_ns=100, step_per_seq_ns=10, prefill_ns=1)


def test_a_lone_request_pays_prefill_once():
    answer = Answer(3)
    model = engine()
    model.join(answer, Arrived(1000, 7, 0))
    run(model)
    # Steps: 100 + 10 × 1 + 7 = 117, then 110 each.
    assert answer.due == [1117, 1227, 1337]
    assert model.next_due_ns() is None


def test_who_arrives_during_a_step_is_admitted_at_the_next_and_its_prefill_holds_up_all():
    early, late = Answer(3), Answer(1)
    model = engine()
    model.join(early, Arrived(1000, 7, 0))
    model.join(late, Arrived(1001, 50, 0))
    run(model)
    # 1000 + 117 = 1117; + 100 + 20 + 50 = 1287 for both; alone again: + 110 = 1397.
    assert early.due == [1117, 1287, 1397]
    assert late.due == [1287]


def test_a_full_batch_makes_the_next_wait_its_turn():
    answers = [Answer(2), Answer(2), Answer(1), Answer(1)]
    model = engine(max_batch=2)
    for answer in answers:
        model.join(answer, Arrived(1000, 0, 0))
    run(model)
    # The first join begins a step alone: 1110. Then two at a time: 1230 ends the first; the third joins: 1350 ends
    # the second and the third; the fourth is alone: 1460.
    assert [answer.due for answer in answers] == [[1110, 1230], [1230, 1350], [1350], [1460]]


def test_idleness_ends_with_an_arrival():
    first, second = Answer(1), Answer(1)
    model = engine()
    model.join(first, Arrived(1000, 0, 0))
    run(model)
    model.join(second, Arrived(5000, 0, 0))
    run(model)
    assert (first.due, second.due) == ([1110], [5110])


def test_a_late_loop_does_not_admit_into_a_step_that_began_before_the_arrival():
    first, second = Answer(2), Answer(1)
    model = engine()
    model.join(first, Arrived(1000, 0, 0))
    # Nobody looked until 1500; by the schedule the second step began at 1110, before the second request came.
    model.join(second, Arrived(1450, 0, 0))
    run(model)
    assert first.due == [1110, 1220]
    assert second.due == [1560]


def test_those_who_left_free_their_place():
    staying, leaving, waiting = Answer(3), Answer(9), Answer(1)
    model = engine(max_batch=2)
    for answer in (leaving, staying, waiting):
        model.join(answer, Arrived(1000, 0, 0))
    run(model, 1110)
    leaving.over = True
    run(model)
    # Both were admitted at 1110 before anyone could know: 1230 for the one that stays; then 1350 with the third.
    assert leaving.due == [1110]
    assert staying.due[:2] == [1230, 1350]
    assert waiting.due == [1350]


def test_those_who_left_while_waiting_are_passed_over():
    first, gone, last = Answer(1), Answer(1, over=True), Answer(1)
    model = engine(max_batch=1)
    for answer in (first, gone, last):
        model.join(answer, Arrived(1000, 0, 0))
    run(model)
    assert (first.due, gone.due, last.due) == ([1110], [], [1220])


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 50), st.integers(1, 6)), max_size=12),
    st.integers(1, 4),
)
def test_everyone_gets_all_tokens_and_no_step_exceeds_the_batch(asks, max_batch):
    model = engine(max_batch)
    answers = []
    for at_ns, prompt_tokens, turns in sorted(asks):
        run(model, at_ns - 1)
        answers.append(Answer(turns))
        model.join(answers[-1], Arrived(at_ns, prompt_tokens, 0))
    run(model)
    assert [len(answer.due) for answer in answers] == [answer.turns for answer in answers]
    assert all(answer.due == sorted(set(answer.due)) for answer in answers)
    firsts = [answer.due[0] for answer in answers]
    assert firsts == sorted(firsts)
    sent = [due for answer in answers for due in answer.due]
    assert all(sent.count(due) <= max_batch for due in sent)


@pytest.mark.parametrize(("options", "kind"), [({}, Engine), ({"ttft_s": 0.1, "itl_s": 0.02}, Timetable)])
def test_the_options_choose_the_mode(options, kind):
    assert type(pacing_for(SimulatorOptions(**options))) is kind


def test_the_default_engine_steps_in_21_ms_for_one():
    pacing = pacing_for(SimulatorOptions())
    pacing.join(Answer(1), Arrived(0, 10, 0))
    # 20 ms + 1 ms × 1 + 50 us × 10 = 21.5 ms.
    assert pacing.next_due_ns() == 21_500_000
