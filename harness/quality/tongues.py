"""Which language a text is in, by its script where that says it, else by py3langid. Pure but for the model it loads.

Code, formulas and links are left out, and a text with too few words for a judgement is None: "42", "B", "Paris".
"""

import re
from collections.abc import Callable

_READ_CHARS = 800
"""Enough for any language, and the rest costs time."""
_LEAST_CJK = 2
_LEAST_LETTERS = 12
_LEAST_WORDS = 3
_LEAST_CONFIDENCE = 0.5
_CJK_WEIGHT = 3
"""A Chinese, Japanese or Korean character says as much as so many letters: a word in Latin letters is about two of them."""
_KANA_RATIO = 0.1
"""Of the Chinese characters and kana of a text: above it, it is Japanese."""

LANGUAGES = (
    *("af", "ar", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "eo", "es", "et", "eu", "fa", "fi", "fr", "ga"),
    *("gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "km", "kn", "ko", "lo", "lt", "lv"),
    *("mk", "ml", "mn", "mr", "my", "ne", "nl", "no", "pa", "pl", "pt", "ro", "ru", "si", "sk", "sl", "sq", "sr", "sv"),
    *("sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "uz", "vi", "xh", "yo", "zh", "zu"),
)
"""ISO 639-1. The model knows more, and takes a short English sentence for one of those now and then."""

_ASIDE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$|\\\[.*?\\\]|\\\(.*?\\\)|\\[A-Za-z]+|https?://\S+|<[^>\n]{1,80}>",
    re.DOTALL,
)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff]")
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_WORD = re.compile(r"[^\W\d_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")

Classify = Callable[[str], tuple[str, float]]
"""The language of a text, and how sure that is, 0 to 1."""


def load() -> Classify:
    """The classifier of py3langid among LANGUAGES. Raises ImportError where it is missing."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    found: Classify = identifier.classify
    return found


def tongue(text: str, classify: Classify) -> str | None:
    """ISO 639-1; None where there is too little to go by."""
    prose = _ASIDE.sub(" ", text[: 4 * _READ_CHARS])[:_READ_CHARS]
    if prose.isascii():
        return _of_letters(prose, classify)
    by_script = _of_script(prose)
    return by_script or _of_letters(prose, classify)


def _of_script(prose: str) -> str | None:
    han, kana, hangul = (len(script.findall(prose)) for script in (_HAN, _KANA, _HANGUL))
    letters = sum(map(len, _WORD.findall(prose)))
    if han + kana + hangul < _LEAST_CJK or (han + kana + hangul) * _CJK_WEIGHT < letters:
        return None
    if hangul > han + kana:
        return "ko"
    return "ja" if kana > _KANA_RATIO * (han + kana) else "zh"


def _of_letters(prose: str, classify: Classify) -> str | None:
    words = _WORD.findall(prose)
    if len(words) < _LEAST_WORDS or sum(map(len, words)) < _LEAST_LETTERS:
        return None
    language, confidence = classify(prose)
    return language if confidence >= _LEAST_CONFIDENCE else None
