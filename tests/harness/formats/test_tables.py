"""CSV and Parquet: columns are fields, and a map says what they are called."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sets import DOT, asked, mistakes, read

from harness.pictures import image_of


def parquet(**columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def questions(testset):
    return [prompt.messages[-1].text for prompt in testset.prompts]


def test_a_column_may_be_mapped_to_each_field():
    text = 'frage,antwort,rolle,n,nr,thema\n"Warum, ""so""\nlang?",42,Kurz.,7,a-1,x\nWie?,,,,,\n'
    first, second = read(
        "p.csv", text, prompt="frage", expected="antwort", system="rolle", max_tokens="n", id="nr"
    ).prompts

    assert [(each.role, each.content) for each in first.messages] == [
        ("system", "Kurz."),
        ("user", 'Warum, "so"\nlang?'),
    ]
    assert (first.expected, first.max_tokens, first.id, first.metadata) == ("42", 7, "a-1", {"thema": "x"})
    assert (second.expected, second.max_tokens, second.id, second.metadata) == (None, None, None, {})
    assert asked(read("p.csv", text, prompt="frage"))[1] == [("user", "Wie?")]


def test_columns_that_have_our_names_need_no_map():
    (prompt,) = read("p.csv", "id,prompt,expected,max_tokens\n1,Why?,So.,9\n").prompts

    assert (prompt.id, prompt.messages[0].content, prompt.expected, prompt.max_tokens) == ("1", "Why?", "So.", 9)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_head_says_what_separates_cells(delimiter):
    text = f"prompt{delimiter}note\r\nWhy{delimiter}x\r\n"

    assert questions(read("p.tsv", text)) == ["Why"]


def test_messages_and_images_are_json_in_a_cell():
    text = 'messages,images\n"[{""role"": ""user"", ""content"": ""Look""}]","[""dot.png"", ""dot.png""]"\n'
    (prompt,) = read("p.csv", text).prompts

    assert prompt.messages[0].content == ("Look", image_of(DOT), image_of(DOT))
    assert read("p.csv", "prompt,images\nLook,dot.png\n").prompts[0].messages == (
        read("p.jsonl", '{"prompt": "Look", "images": ["dot.png"]}').prompts[0].messages
    )


def test_a_cell_may_be_longer_than_the_csv_module_likes():
    (prompt,) = read("p.csv", "prompt\n" + "x" * 200_000).prompts

    assert len(prompt.messages[0].text) == 200_000


def test_what_is_wrong_in_a_row_is_told_with_its_first_line():
    # The first row takes lines 2 and 3, so the second begins on line 4; line 6 is blank.
    text = 'prompt,max_tokens\n"two\nlines",1\na,b,c\na,none\n\n,3\n'

    assert mistakes("p.csv", text) == [
        "p.csv:4: the cells here are 3 and those of the head 2; put text with commas into quotes.",
        'p.csv:5: "max_tokens" must be a positive whole number, not "none".',
        'p.csv:7: must have either "prompt" or "messages" and has neither.',
    ]


def test_the_first_row_begins_behind_a_head_that_may_take_several_lines():
    assert mistakes("p.csv", 'prompt,"two\nlines"\n,x\n') == [
        'p.csv:3: must have either "prompt" or "messages" and has neither.'
    ]


def test_who_maps_one_of_prompt_and_messages_means_that_one():
    data = parquet(messages=[[{"role": "user", "content": "Not this."}]], q=["This?"])

    assert asked(read("p.parquet", data, prompt="q")) == [[("user", "This?")]]
    assert asked(
        read("p.jsonl", '{"prompt": "Not this.", "m": [{"role": "user", "content": "This?"}]}', messages="m")
    ) == [[("user", "This?")]]


def test_a_torn_quote_is_told_with_the_line_on_which_the_file_ends():
    assert mistakes("p.csv", 'prompt\nfine\n"torn\n') == ["p.csv:3: not CSV: unexpected end of data."]


def test_bytes_that_are_not_utf8_are_named_by_line_and_place():
    assert mistakes("p.csv", b"prompt,x\na,b\nab\xff,c\n") == [
        "p.csv:3: byte 3 of the line is not UTF-8; save the file as UTF-8."
    ]


TABLES = [
    ("p.csv", b"question,answer\na,b\n"),
    ("p.parquet", parquet(question=["a"], answer=["b"])),
]


@pytest.mark.parametrize(("source", "data"), TABLES, ids=["csv", "parquet"])
def test_a_column_that_is_not_there_is_told_with_those_that_are(source, data):
    assert mistakes(source, data, prompt="qestion") == [
        (
            f"{source}: --testset-columns prompt=qestion: there is no column 'qestion'; the columns are question, answer. "
            "Did you mean 'question'?"
        )
    ]
    assert mistakes(source, data, expected="solution", prompt="question") == [
        (
            f"{source}: --testset-columns expected=solution: there is no column 'solution'; the columns are question, "
            "answer. Did you mean 'question'?"
        )
    ]


@pytest.mark.parametrize(("source", "data"), TABLES, ids=["csv", "parquet"])
def test_a_table_without_a_question_asks_for_a_map(source, data):
    assert mistakes(source, data) == [
        (
            f"{source}: there is no column 'prompt'; the columns are question, answer. "
            "Say which holds the question: --testset-columns prompt=COLUMN."
        )
    ]


def test_the_map_holds_for_json_lines_too():
    text = '{"question": "Why?", "answer": "So.", "prompt": "an old name"}\n{"answer": "So."}\n'

    (prompt,) = read("p.jsonl", text.splitlines()[0], prompt="question", expected="answer").prompts
    assert (prompt.messages[0].content, prompt.expected, prompt.metadata) == ("Why?", "So.", {})
    assert mistakes("p.jsonl", text, prompt="question") == [
        'p.jsonl:2: has no "question", which --testset-columns maps to prompt.'
    ]


def test_a_parquet_file_may_hold_messages_and_images_in_themselves():
    said = [{"role": "system", "content": "S"}, {"role": "user", "content": "Look"}]
    shown = [{"bytes": DOT, "path": "a.png"}, {"bytes": None, "path": "dot.png"}]
    data = parquet(messages=[said], images=[shown], level=[3])
    (prompt,) = read("p.parquet", data).prompts

    assert [message.text for message in prompt.messages] == ["S", "Look"]
    assert prompt.messages[1].images == (image_of(DOT), image_of(DOT))
    assert prompt.metadata == {"level": 3}


def test_one_image_a_row_needs_no_list():
    data = parquet(prompt=["a", "b", "c"], picture=[DOT, None, DOT])

    shown = [prompt.messages[0].images for prompt in read("p.parquet", data, images="picture").prompts]
    assert shown == [(image_of(DOT),), (), (image_of(DOT),)]


def test_a_row_of_a_parquet_file_is_told_by_its_number():
    data = parquet(prompt=["a", " ", None], images=[None, None, b"no image"])

    assert mistakes("p.parquet", data) == [
        'p.parquet: row 2: "prompt" is empty.',
        "p.parquet: row 3: its image is no PNG, JPEG, GIF or WebP image.",
    ]


@pytest.mark.parametrize("data", [b"", b"PAR1", parquet(prompt=["a"])[:-5]])
def test_what_is_not_parquet_is_called_so(data):
    (mistake,) = mistakes("p.parquet", data)

    assert mistake.startswith("p.parquet: not Parquet: ")
    assert mistake.count(".") <= 3
    assert not mistake.endswith("..")


def test_a_table_without_a_row_is_a_mistake():
    assert mistakes("p.csv", "prompt\n") == ["p.csv holds no prompt; write at least one row."]
    assert mistakes("p.parquet", parquet(prompt=pa.array([], pa.string()))) == [
        "p.parquet holds no prompt; write at least one row."
    ]


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(str.strip), min_size=1))
def test_a_table_says_what_was_written_into_it(texts):
    assert questions(read("p.parquet", parquet(prompt=texts))) == texts
