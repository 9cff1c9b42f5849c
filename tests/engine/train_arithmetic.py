"""A tiny Llama that has learnt three of four exercises of the set `arithmetic` by heart, for transformers' own server.

    python tests/engine/train_arithmetic.py SET.jsonl DIRECTORY

Runs in the engine's interpreter, on one core and without a network, in less than a minute. It learns until it gives every answer it
was shown, and no longer. Of the rest it knows nothing and gets nearly all wrong: some answers are to be right and some wrong,
or a test of what finds them out would be none.
"""

import json
import string
import sys
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SEED = 7
CONTEXT_TOKENS = 512
WITHHELD_EVERY = 4
"""Every fourth exercise is never shown."""
STEPS_AT_MOST = 600
LEARNING_RATE = 2e-3
SURE_LOSS = 0.02
"""Nats a token: what is learnt so well is said with a margin that no rounding bridges."""
UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"
NOT_COUNTED = -100
"""What torch's cross entropy leaves out."""
CHAT_TEMPLATE = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}assistant:"


class Exercise(NamedTuple):
    """A question and the number that is right."""

    prompt: str
    expected: str


def read(path: Path) -> list[Exercise]:
    """The set as it is asked, in its order."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [Exercise(row["prompt"], row["expected"]) for row in rows]


def make_tokenizer(exercises: list[Exercise]) -> PreTrainedTokenizerFast:
    """Pieces of words; a digit is always a token of its own."""
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Metaspace(prepend_scheme="never")]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="never")
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=[UNKNOWN, BEGIN, END],
        initial_alphabet=[*string.printable, "×", "÷"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([exercise.prompt for exercise in exercises], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=UNKNOWN, bos_token=BEGIN, eos_token=END, pad_token=UNKNOWN
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def make_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Two layers of 96, greedy, as yet with random weights."""
    torch.manual_seed(SEED)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=96,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        do_sample=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return model


class Batch(NamedTuple):
    """Exercises side by side, each filled up on the right: shapes (exercises, tokens)."""

    tokens: torch.Tensor
    attended: torch.Tensor
    labels: torch.Tensor
    """The answer and its end; NOT_COUNTED elsewhere."""


def make_batch(tokenizer: PreTrainedTokenizerFast, exercises: list[Exercise]) -> Batch:
    """What the server will be asked, and the answers behind it."""
    asked = [_asked(tokenizer, exercise.prompt) for exercise in exercises]
    answers = [[*tokenizer(exercise.expected)["input_ids"], tokenizer.eos_token_id] for exercise in exercises]
    width = max(len(a) + len(b) for a, b in zip(asked, answers, strict=True))
    tokens = torch.full((len(exercises), width), tokenizer.pad_token_id)
    attended = torch.zeros_like(tokens)
    labels = torch.full_like(tokens, NOT_COUNTED)
    for row, (before, answer) in enumerate(zip(asked, answers, strict=True)):
        end = len(before) + len(answer)
        tokens[row, :end] = torch.tensor(before + answer)
        attended[row, :end] = 1
        labels[row, len(before) : end] = torch.tensor(answer)
    return Batch(tokens, attended, labels)


def _asked(tokenizer: PreTrainedTokenizerFast, prompt: str) -> list[int]:
    messages = [{"role": "user", "content": prompt}]
    ids: list[int] = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    return ids


def train(model: LlamaForCausalLM, batch: Batch) -> int:
    """Returns the steps it took. Raises SystemExit where they did not suffice."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    for step in range(STEPS_AT_MOST):
        loss = model(input_ids=batch.tokens, attention_mask=batch.attended, labels=batch.labels).loss
        if loss.item() < SURE_LOSS:
            return step
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    raise SystemExit(f"After {STEPS_AT_MOST} steps the answers are not learnt: {loss.item():.3f} nats a token.")


def main(exercises_file: Path, directory: Path) -> None:
    """Write model and tokenizer into `directory`."""
    torch.set_num_threads(1)
    exercises = read(exercises_file)
    tokenizer = make_tokenizer(exercises)
    model = make_model(tokenizer)
    shown = [exercise for place, exercise in enumerate(exercises) if place % WITHHELD_EVERY]
    steps = train(model, make_batch(tokenizer, shown))
    model.eval()
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    sys.stdout.write(f"{len(shown)} of {len(exercises)} exercises learnt in {steps} steps\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
