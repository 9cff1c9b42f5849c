"""A tiny Llama with random weights, and a tokenizer to go with it, for transformers' own server.

    python tests/engine/make_model.py DIRECTORY

Runs in the engine's interpreter, needs no network and takes about a second beside the imports. The same weights come out
each time. Special tokens are never generated and no token ends an answer, so every token of an answer is visible text
and every answer has exactly as many as were asked for.
"""

import string
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SEED = 20
CONTEXT_TOKENS = 4096
UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"
SPECIAL = [UNKNOWN, BEGIN, END]
TEXT = (
    "What is the capital of France, and how many people live there?",
    "Write a short story about a lighthouse keeper who finds a letter in a bottle.",
    "Explain why the sky is blue so that a child of ten would understand it.",
    "The answer to the question is that light of short waves is scattered more than light of long waves.",
)
CHAT_TEMPLATE = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}assistant: "


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Word pieces of printable ASCII: any sequence of tokens is valid text, which is not so with bytes."""
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    alphabet = [*string.ascii_letters, *string.digits, *string.punctuation, "\n"]
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=UNKNOWN, bos_token=BEGIN, eos_token=END, pad_token=END
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def make_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Two layers of 64, greedy."""
    torch.manual_seed(SEED)
    special_ids = tokenizer.convert_tokens_to_ids(SPECIAL)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=None,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        do_sample=False,
        suppress_tokens=special_ids,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return model


def main(directory: Path) -> None:
    """Write model and tokenizer into `directory`."""
    tokenizer = make_tokenizer()
    make_model(tokenizer).save_pretrained(directory)
    tokenizer.save_pretrained(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
