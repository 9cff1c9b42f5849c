"""What a model answers to each prompt of a set, asked directly: no server, no wire, no llocust.

    python tests/engine/answer_arithmetic.py MODEL SET.jsonl MAX_TOKENS

Runs in the engine's interpreter. Prints a list of {"prompt", "expected", "answer"} as JSON, in the set's order.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase


def answer(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: str, max_tokens: int) -> str:
    """By greedy decoding, behind the model's own chat template."""
    messages = [{"role": "user", "content": prompt}]
    asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    with torch.inference_mode():
        tokens = model.generate(**asked, max_new_tokens=max_tokens, do_sample=False)
    said: str = tokenizer.decode(tokens[0, asked["input_ids"].shape[1] :], skip_special_tokens=True)
    return said


def main(directory: Path, exercises_file: Path, max_tokens: int) -> None:
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(directory)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    rows = [json.loads(line) for line in exercises_file.read_text(encoding="utf-8").splitlines()]
    answers = [
        {
            "prompt": row["prompt"],
            "expected": row["expected"],
            "answer": answer(model, tokenizer, row["prompt"], max_tokens),
        }
        for row in rows
    ]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
