"""The only code that knows Locust: users, options, conductor, recorder. Locust comes first, as it patches the library."""

import locust  # noqa: F401 - before anything that imports requests

from harness.swarm.house import listen
from harness.swarm.users import PromptUser, exchanged

__all__ = ["PromptUser", "exchanged"]

listen()
