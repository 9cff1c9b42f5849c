"""Stands in for `llocust` where the service's own doings are tested: as quick as Python starts, and obedient.

    python stub_llocust.py TEMPLATE sweep --config=FILE --work-dir=DIR --json-progress [--dry-run]
    python stub_llocust.py TEMPLATE report FOLDER

TEMPLATE is a reported run folder, which every run turns out to be. What a run does is its `desc`:

    wait      says a line, and goes on until it is told to end; then leaves an interrupted run
    stubborn  goes on also then
    fail      leaves no run folder, and a sentence on standard error
    refuse    finds two mistakes in its options
    crash     prints no JSON in a dry run
    tell      prints the names of its environment variables, and a digest of its key, on standard error; then fails
    blab      prints its key on standard error, and fails
    torn      leaves a run folder without a report, whose manifest still says that it is running
"""

import hashlib
import json
import os
import shutil
import signal
import sys
import time
import tomllib
from pathlib import Path

DEFAULTS = {
    "host": "",
    "model": None,
    "dialect": "chat",
    "targets": [],
    "users": [1],
    "requests": None,
    "run_time_s": 30.0,
    "max_tokens": 256,
    "processes": 0,
    "name": "sweep",
    "desc": "",
}


def say(**event):
    print(json.dumps(event), flush=True)


def options_of(config):
    read = tomllib.loads(Path(config).read_text())
    told = {key.replace("-", "_"): value for key, value in read.items()}
    if isinstance(told.get("run_time"), int | float):
        told["run_time_s"] = told["run_time"]
    return DEFAULTS | told


def rehearse(options):
    if options["desc"] == "crash":
        sys.exit("Traceback: the stub crashed")
    if options["desc"] == "refuse":
        say(event="dry-run", mistakes=["--users 0: give more.", "--model is missing."], options=None)
        sys.exit(2)
    say(event="dry-run", mistakes=[], options=options)


def leave(work_dir, *, state="done", reported=True):
    folder = Path(work_dir, "output", "20260131T120000Z-sweep")
    shutil.copytree(TEMPLATE, folder)
    manifest = json.loads((folder / "run.json").read_text())
    manifest["state"] = state
    (folder / "run.json").write_text(json.dumps(manifest))
    if reported:
        say(event="report", path=str(folder / "report.html"), verdict="trusted", exit=0)
    else:
        (folder / "report.json").unlink()


def wait(work_dir, *, stubborn):
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
    say(event="tick", phase="window", ended=1)
    while not asked or (stubborn and len(asked) < 3):
        time.sleep(0.01)
    leave(work_dir, state="interrupted")


def sweep(config, work_dir, *, dry_run):
    options = options_of(config)
    if dry_run:
        rehearse(options)
        return
    desc = options["desc"]
    say(event="point", number=1, of=1, index=1, users=options["users"][0])
    if desc == "fail":
        sys.exit("The stub failed, as it was told.")
    if desc == "tell":
        key = os.environ.get(options["api_key_env"], "")
        sys.exit(json.dumps({"names": sorted(os.environ), "key_sha256": hashlib.sha256(key.encode()).hexdigest()}))
    if desc == "blab":
        sys.exit(f"The key is {os.environ[options['api_key_env']]}.")
    if desc in ("wait", "stubborn"):
        wait(work_dir, stubborn=desc == "stubborn")
    elif desc == "torn":
        leave(work_dir, state="running", reported=False)
    else:
        leave(work_dir)


def main():
    verb, *words = sys.argv[2:]
    if verb == "report":
        shutil.copy(TEMPLATE / "report.json", words[0])
        return
    given = dict(word.removeprefix("--").split("=", 1) for word in words if "=" in word)
    sweep(given["config"], given["work-dir"], dry_run="--dry-run" in words)


if __name__ == "__main__":
    TEMPLATE = Path(sys.argv[1])
    main()
