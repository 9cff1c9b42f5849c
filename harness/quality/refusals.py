"""The phrases in which models decline to answer: English, Chinese, Korean. Pure.

Only the opening of an answer is read: who answers at length and then says what he cannot do has not declined. A model that
declines in words of its own is not seen, and a letter in which somebody declines something is taken for a refusal.
"""

import re

_OPENING_CHARS = 300
_LABEL_CHARS = 60

_SAID_BY_THE_SERVER = frozenset(
    {"refusal", "content_filter", "safety", "prohibited_content", "blocklist", "spii", "image_safety"}
)
"""Finish reasons, in small letters: Anthropic's, OpenAI's, Gemini's."""

_CANNOT = (
    r"(?:can'?t|can ?not|won'?t|will not|(?:am|'m) (?:not able to|unable to|not going to|not comfortable)"
    r"|(?:do not|don't) feel comfortable)"
)
# Not "recommend", "believe", "wait", "help but": with those people say what they like.
_DO = (
    r"(?:help(?!ing)(?! but)(?! feeling)|assist|provid|answer|comply|fulfil|do th(?:at|is)|creat|generat|produc|writ"
    r"|giv(?:e|ing) (?:you|out|advice|instructions|information|that|this)|shar(?:e|ing)|support|engag|participat|discuss"
    r"|offer|continue with|respond|process|complete th|perform|facilitat|access|brows|open (?:links|files|urls))"
)
_ENGLISH = (
    rf"\bi,?(?: \w+ly,?| just| also)? ?{_CANNOT}(?: to| with)?(?: \w+ly)? {_DO}",
    rf"\bsorry,? (?:but )?(?:i|that'?s something i) ?{_CANNOT}(?:[.!]|$)",
    r"\bi(?:'m afraid i)? (?:must|have to|need to|will have to)(?: \w+ly)? (?:decline|refuse)\b",
    r"\bi (?:\w+ly )?(?:decline|refuse) to\b",
    rf"\bas an ai\b[^.\n]{{0,60}}?\bi ?{_CANNOT}",
    r"\bi(?: am|'m) not programmed to\b",
    r"\bi (?:do not|don't) have (?:the (?:ability|capability)|(?:real-time |direct )?access) to\b",
    r"\bi(?:'d| would) (?:rather|prefer) not (?:to )?(?:answer|discuss|help|say|provide)",
    r"\b(?:violates?|against) (?:my|our|the|openai'?s) (?:content |usage |safety |ethical )?(?:polic|guideline|programming)",
)
_ABLE = "(?:无法|不能|不会|没办法|没法|不便|不可以|無法|不會|沒辦法|難以|难以)"
_TO_YOU = "(?:[为為给給向][您你])"
_OFFERED = (
    "(?:帮|幫|协助|協助|满足|滿足|提供|回答|答复|完成|参与|參與|讨论|討論|生成|撰写|给出|給出|支持|执行|執行|访问|訪問"
    "|处理|處理|透露|解答|回应|回應|评论|創作|创作|编写)"
)
_CHINESE = (
    rf"我(?:们|們)?(?:暂时|目前|现在|实在|也|并|恐怕|還|还)*{_ABLE}(?:再|直接|继续|繼續|就此|{_TO_YOU})*{_OFFERED}",
    rf"作[为為](?:一个|一個|一名|一款)?[^。，,\n]{{0,12}}(?:ai|智能|智慧|语言模型|語言模型|助手)[^。\n]{{0,16}}?(?:{_ABLE}|没有能力|还没|還沒)",
    rf"(?:抱歉|对不起|對不起|很遗憾|很遺憾|不好意思)[^。\n]{{0,12}}?{_ABLE}{_TO_YOU}?{_OFFERED}",
    "拒绝(?:回答|提供|协助)|无可奉告|不予(?:回答|置评)|换个话题",
)
_KOREAN = (
    r"(?:도와|답변|답해|제공|작성|알려|설명|도움)[^.\n]{0,10}(?:드릴|할|줄) 수(?:가|는)? 없",
    r"(?:죄송|미안)[^\n]{0,40}(?:드릴|할|줄) 수(?:가|는)? 없",
    r"(?:죄송|미안)[^\n]{0,40}(?:드리기|하기|답변이|제공이) (?:어렵|곤란|불가)",
)
_PHRASE = re.compile("|".join((*_ENGLISH, *_CHINESE, *_KOREAN)))
# All phrases hold one of these; looking for them first is ten times faster.
_HINT = re.compile(
    r"can'?t|can ?not|won'?t|not|decline|refuse|don't|unable|against|violate|[无無不没沒难難绝]|换个话题|还没|수(?:가|는)? 없|어렵|곤란|불가"
)
_PLAIN = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "*": "", "_": "", "\u00a0": " "})


def phrase(text: str) -> str | None:
    """The words with which the answer declines; None where it does not."""
    opening = text.lstrip()[:_OPENING_CHARS].translate(_PLAIN).lower()
    if _HINT.search(opening) is None:
        return None
    found = _PHRASE.search(opening)
    return found.group().strip()[:_LABEL_CHARS] if found else None


def is_refusal(finish: str | None) -> bool:
    """Whether the server says so itself, in its finish reason."""
    return finish is not None and finish.lower() in _SAID_BY_THE_SERVER
