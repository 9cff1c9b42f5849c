import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.quality import choice

LETTERS = "ABCDEFGHIJ"


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        # the letter by itself
        ("B", "B"),
        ("b", "B"),
        ("B.", "B"),
        ("(B)", "B"),
        ("**B**", "B"),
        ("**(C)**", "C"),
        ("Ｂ", "B"),
        ("Ⓑ", "B"),
        ("  B\n", "B"),
        # with the words of its option
        ("B. 真空", "B"),
        ("B、真空", "B"),
        ("B真空", "B"),
        ("B 真空", "B"),
        ("C) Paris", "C"),
        ("Option C", "C"),
        ("B: Vacuum", "B"),
        ("B – vacuum", "B"),
        ("A: because", "A"),
        # called the answer, in Chinese
        ("选B", "B"),
        ("答案是B", "B"),
        ("答案：B", "B"),
        ("答案是：**B**。", "B"),
        ("答案选B", "B"),
        ("正确答案为 (C)", "C"),
        ("正确选项是C", "C"),
        ("故选：D", "D"),
        ("故选 D。", "D"),
        ("应选A", "A"),
        ("因此选择C项", "C"),
        ("选择 B 是因为……", "B"),
        ("本题应选（Ａ）。", "A"),
        ("我选择D。", "D"),
        # in English
        ("The answer is (C).", "C"),
        ("Answer: C", "C"),
        ("ANSWER: B", "B"),
        ("**Answer:** C", "C"),
        ("The correct option is **C**", "C"),
        ("The answer is option B", "B"),
        ("The correct answer is:\n(B) 3 m/s", "B"),
        ("Correct answer: **B. Vacuum**", "B"),
        ("The answer to this question is C.", "C"),
        ("The best choice would be D", "D"),
        ("the answer is b", "B"),
        ("the answer is (b).", "B"),
        ("The answer is A because it fits.", "A"),
        ("I'd go with B.", "B"),
        ("### Answer\nB", "B"),
        ("<answer>B</answer>", "B"),
        ('{"answer": "B"}', "B"),
        # in Korean
        ("정답은 B입니다", "B"),
        ("정답: **D**", "D"),
        ("답은 C입니다.", "C"),
        # boxed
        ("\\boxed{C}", "C"),
        ("So $\\boxed{\\text{D}}$.", "D"),
        ("The final answer is: $\\boxed{B}$ (not $A$)", "B"),
        # more than one letter
        ("The answer is not A but B", "B"),
        ("The answer is not A, but rather B.", "B"),
        ("The answer is B. Option A is wrong because it is big.", "B"),
        ("First I thought the answer is A. Wait. The answer is D.", "D"),
        ("A is not correct. It is D.", "D"),
        ("不选A，选B", "B"),
        ("不能选A，应该选C。", "C"),
        ("答案不是A，而是B", "B"),
        ("A错误；B正确", "B"),
        ("A选项错误，B选项正确，C选项错误", "B"),
        ("选项A错误。选项C正确。", "C"),
        ("A. x\nB. y\nC. z\n\nAnswer: B", "B"),
        ("Let's think.\n\nA is wrong.\nB is right\n\n**C**", "C"),
        ("选项C正确。选项A错误。", "C"),
        ("选B，不选A", "B"),
        ("应选C，选项A错误", "C"),
        ("选项是C，A不对", "C"),
        ("The answer is not A but B, and C is wrong too.", "B"),
        ("First I thought the answer is A. $\\boxed{C}$", "C"),
        ("B. It holds, and C does not.", "B"),
        ("It is not **A**. I take D.", "D"),
        ("B is correct.", "B"),
        # A is an article and I a pronoun
        ("A good answer is C", "C"),
        ("A good question! I think it is C.", "C"),
        ("Answer: I think it's C", "C"),
        ("I", "I"),
        # the only one there is
        ("I would say (C).", "C"),
        ("It's B", "B"),
    ],
)
def test_the_letter_chosen(text, letter):
    assert choice.choose(text) == letter


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I don't know.",
        "Paris",
        "42",
        "K",
        "答案",
        "The answer is a mixture of things",
        "The answer is A or B",
        "The answer is either A or B",
        "The answer is Both A and B",
        "Answer: A/B",
        "答案是 B 和 C",
        "A B C D",
        "None of the above",
        "A, C and D are wrong, so B.",
        "B and C are wrong",
        "A、C、D错误",
        "A和B都错",
        "The answer is not A.",
        "It isn't A.",
        "It isn’t **A**.",
        "不是A",
    ],
)
def test_no_letter_is_chosen(text):
    assert choice.choose(text) is None


@given(
    st.sampled_from(LETTERS),
    st.sampled_from(
        ["{}", "{}.", "({})", "**{}**", "Answer: {}", "The answer is {}.", "答案是{}", "\\boxed{{{}}}", "정답: {}"]
    ),
)
def test_any_letter_in_any_of_these_ways(letter, way):
    assert choice.choose(way.format(letter)) == letter


@given(st.text(alphabet=st.sampled_from("ABC aI*_()\n:是答案选不\\{}boxed$notrwe.,/"), max_size=60))
def test_nonsense_chooses_a_letter_or_none(text):
    assert choice.choose(text) in {*LETTERS, None}


def test_a_model_off_the_rails_is_read_in_linear_time():
    # Quadratic, each of these would take minutes: the suite's own limit would end the test.
    for flood in ("*", " ", "\n", "A/", "answer ", "answer:", "答案", "\\boxed{", "选", "not A "):
        assert choice.choose("The answer is " + flood * 20_000 + "!") in ("A", None)


@pytest.mark.parametrize(("expected", "letter"), [("B", "B"), ("(b)", "B"), ("C.", "C"), ("Ｄ", "D"), (" A ", "A")])
def test_what_is_expected(expected, letter):
    assert choice.read(expected) == letter


@pytest.mark.parametrize("expected", ["", "K", "AB", "42", "Paris", "真空"])
def test_what_is_expected_is_no_letter(expected):
    assert choice.read(expected) is None
