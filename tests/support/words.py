"""Files like a model's tokenizer.json, made on the spot: one for which every word is a token, one of pieces of words."""

from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import BPE, WordLevel
from tokenizers.pre_tokenizers import ByteLevel, Whitespace
from tokenizers.trainers import BpeTrainer


def word_tokenizer(path: Path) -> Path:
    """Written to `path`. Words that it does not know count, too."""
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(path))
    return path


_LESSONS = (
    "The clear river above the village will carry a large boat across the country before the next summer.",
    "A student could write the answer in her note book, and then check the number on every other page again.",
)


def piece_tokenizer(path: Path) -> Path:
    """Written to `path`. Of bytes and what pairs of them two sentences teach, so that most words are several tokens."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(vocab_size=400, initial_alphabet=ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(_LESSONS * 3, trainer)
    tokenizer.save(str(path))
    return path
