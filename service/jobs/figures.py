"""What the lists of runs show of a report: a few figures a point, and what makes two runs comparable. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

_WORKLOAD = (
    *("testset_columns", "images", "image_size", "image_pool", "images_per_request", "input_tokens", "input_chars"),
    *("output_tokens", "synthetic_prompts", "prefix_share", "prefix_pool", "conversations", "think_time", "max_turns"),
    *("salt", "stream", "max_tokens", "min_tokens", "ignore_eos", "temperature", "top_p", "sampling_seed", "stop"),
    *("extra_body", "users", "target_mode"),
)
"""Options that change what a server is asked to do."""


def figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """Of report.json, the headline of each finished point. None is "not observed"."""
    return {"points": [_point(point) for point in report["points"] if point["state"] == "done"]}


def _point(point: Mapping[str, Any]) -> dict[str, Any]:
    ttft, throughput = point["latency"]["ttft_s"], point["throughput"]
    return {
        "index": point["index"],
        "users": point["users"],
        "target": point["target"],
        "verdict": point["verdict"],
        "ok": point["requests"]["ok"],
        "failed": point["requests"]["failed"],
        "ttft_p50_s": ttft["p50"],
        "ttft_p95_s": ttft["p95"],
        "e2e_p50_s": point["latency"]["e2e_s"]["p50"],
        "chars_per_s": throughput["chars_per_s"],
        "output_tokens_per_s": throughput["output_tokens_per_s"],
        "requests_per_s": throughput["requests_per_s"],
    }


def workload(manifest: Mapping[str, Any]) -> str:
    """A digest that two runs share if their servers were asked to do the same, whatever they are and wherever."""
    options = manifest["options"]
    asked = {key: options.get(key) for key in _WORKLOAD}
    targets = [target["dialect"] for target in manifest.get("targets") or [manifest]]
    whole = {"testset": manifest["testset"]["digest"], "dialects": targets, "asked": asked}
    return hashlib.sha256(msgspec.json.encode(whole, order="deterministic")).hexdigest()[:16]
