"""`python -m harness.simulator`: the same as `llocust simulate`."""

import argparse
import sys

from harness.simulator.options import OptionsError, SimulatorOptions, add_arguments


def main(argv: list[str] | None = None) -> int:
    """Exit code: 0 after SIGINT or SIGTERM, 2 for options or a port that cannot be used."""
    parser = argparse.ArgumentParser(prog="llocust simulate", description="An LLM server that knows the truth.")
    add_arguments(parser)
    try:
        options = SimulatorOptions.from_namespace(parser.parse_args(argv))
    except OptionsError as error:
        _complain("\n".join(error.mistakes))
        return 2
    from harness.simulator.server import serve

    return serve(options, _announce, _complain)


def _announce(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
