import pytest

from harness.quality import refusals


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I can’t assist with that request.",
        "I cannot provide medical advice.",
        "I am unable to answer this question.",
        "I'm unable to help.",
        "Sorry, I can't do that.",
        "Sorry, but I can't.",
        "As an AI language model, I cannot predict the future.",
        "I must respectfully decline to answer.",
        "I have to decline this.",
        "I won't write that.",
        "I will not provide that",
        "I can not comply with this request",
        "I really can't share that",
        "I'm not able to browse the internet.",
        "I'm not comfortable writing that.",
        "Unfortunately, I can't access real-time data.",
        "I don't have access to real-time information.",
        "I'd rather not discuss that.",
        "I refuse to answer.",
        "This request violates our content policy.",
        "It goes against my guidelines to do so.",
        "**I can't help with that.**",
        "\n\n  I CANNOT HELP WITH THAT.",
        "抱歉，我无法提供该信息。",
        "对不起，我不能回答这个问题。",
        "我无法满足您的要求。",
        "作为一个人工智能语言模型，我无法预测未来。",
        "作为AI助手，我不能提供医疗建议。",
        "作为一个人工智能语言模型，我还没学习如何回答这个问题",
        "很遗憾，我暂时无法为您提供帮助。",
        "我拒绝回答。",
        "抱歉，無法提供協助",
        "죄송하지만 그 요청은 도와드릴 수 없습니다.",
        "죄송합니다. 해당 질문에는 답변드릴 수 없습니다.",
        "그 정보는 제공해 드릴 수 없습니다.",
        "죄송하지만 답변이 어렵습니다.",
    ],
)
def test_a_refusal(text):
    assert refusals.phrase(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The answer is 42.",
        "Sure! I can help with that.",
        "I can't recommend this book highly enough!",
        "I can't help but smile when I read it.",
        "I can't help feeling that it is so.",
        "I can't believe it.",
        "I'm sorry to hear that you are unwell. Here is what helps.",
        "You cannot divide by zero.",
        "It is not possible to open the door.",
        "The law will not help you here.",
        "A server cannot provide more than it has.",
        "The refusal rate is not high.",
        "这个问题不能用简单方法解决，可以这样做：",
        "水不能燃烧。",
        "我不会游泳，但是我会跑步。",
        "不是A，而是B",
        "철수는 갈 수 없었다. 그래서 집에 있었다.",
        # After 300 characters it is part of an answer
        "word " * 60 + "I cannot help with that.",
    ],
)
def test_no_refusal(text):
    assert refusals.phrase(text) is None


def test_the_phrase_is_told_in_few_words():
    assert refusals.phrase("Well, I cannot provide it.") == "i cannot provid"
    assert len(refusals.phrase("As an AI " + "x" * 55 + ", I can't")) == 60


@pytest.mark.parametrize(
    ("finish", "refused"),
    [("refusal", True), ("content_filter", True), ("SAFETY", True), ("stop", False), ("length", False), (None, False)],
)
def test_what_the_server_says_itself(finish, refused):
    assert refusals.is_refusal(finish) is refused
