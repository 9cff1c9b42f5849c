import pytest

from harness.quality import tongues


@pytest.fixture(scope="module")
def classify():
    return tongues.load()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Paris is the capital of France.", "en"),
        ("Hello, how can I help you today?", "en"),
        ("Die Hauptstadt von Frankreich ist Paris.", "de"),
        ("La capitale de la France est Paris.", "fr"),
        ("Столица Франции — это город Париж, и в нём живёт много людей.", "ru"),
        ("Use the word 你好 to greet people in Chinese when you meet them.", "en"),
    ],
)
def test_the_language_of_a_text(text, language, classify):
    assert tongues.tongue(text, classify) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("真空", "zh"),
        ("你好，世界！", "zh"),
        ("请用 Python 的 asyncio.gather 函数来并发地请求。", "zh"),
        ("이 문제의 답은 42입니다.", "ko"),
        ("これはペンです。", "ja"),
        # 2 kana of 13 characters
        ("東京都知事選挙の投票率は五割", "ja"),
        # Code, formulas and links have no language
        ("这段代码：\n```python\nfor word in the_list_of_words:\n    print(word)\n```", "zh"),
        ("见 https://example.com/a/very/long/link/indeed 这里", "zh"),
    ],
)
def test_a_script_that_says_it_needs_no_classifier(text, language):
    assert tongues.tongue(text, lambda _: pytest.fail("asked")) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42",
        "B",
        "Paris",
        "Sure!",
        "The answer is 589.",
        "中",
        "$\\frac{1}{2}$",
        "```\nprint the words of it\n```",
        "👍" * 9,
    ],
)
def test_too_few_words_for_a_judgement(text, classify):
    assert tongues.tongue(text, classify) is None


def test_who_is_not_sure_says_nothing():
    def asked(confidence):
        return tongues.tongue("some words that are enough", lambda _: ("en", confidence))

    assert asked(0.5) == "en"
    assert asked(0.49) is None


def test_a_long_text_is_read_in_part():
    read = []

    def classify(text):
        read.append(text)
        return "en", 1.0

    tongues.tongue("words enough " * 10_000, classify)
    assert [len(text) for text in read] == [800]
