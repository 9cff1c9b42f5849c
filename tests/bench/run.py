"""All benches one after the other, with their targets beside them: what `make bench` prints. Nothing is asserted."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BENCHES = (
    ("From typing `llocust sweep` to the first request", "startup.py"),
    ("A report of 100,000 requests with 64 events each", "report.py"),
    ("Scores of 100,000 short answers, by the scorers that ask nobody", "scoring.py"),
    ("A master that keeps 20,000 records a second of 40 workers", "master.py"),
    ("The memory of 4,000 open streams", "memory.py"),
    ("The simulator alone on one core", "simulator.py"),
    ("The store of the service: a large run, and averages over many results", "store.py"),
    ("What each step of an event and of a request costs", "costs.py"),
    ("What is added to the numbers, beside plain Locust and aiohttp", "accuracy.py"),
)


def main() -> None:
    for title, script in BENCHES:
        print(f"\n## {title}\n", flush=True)
        subprocess.run([sys.executable, str(HERE / script)], check=False)


if __name__ == "__main__":
    main()
