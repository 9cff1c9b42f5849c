"""What the requests of a run have in common, and what makes one of them."""

from harness.dialects.ask import Ask
from harness.exchange import Identity
from harness.options import Options
from harness.salt import salt_of
from harness.sampling import without
from harness.swarm.aims import Aim
from harness.testset import Message, Prompt


class Asks:
    """All that a run asks."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._sampling = options.sampling

    def of(self, aim: Aim, identity: Identity, prompt: Prompt) -> Ask:
        """What is asked of a target under this identity."""
        options, sampling, extra = self._options, self._sampling, self._options.extra_body
        if prompt.canary:
            # Whatever else the run asks for: nothing of it may make one canary unlike another.
            sampling = aim.dialect.greedy or sampling
            extra = without(extra, set(aim.dialect.samples.values()))
        # What a conversation has said may well be cached: only what others said must not be.
        salt = identity.conversation or identity.id
        return Ask(
            id=identity.id,
            url=aim.url,
            model=aim.model,
            messages=_salted(prompt.messages, salt) if options.salt and not prompt.canary else prompt.messages,
            max_tokens=prompt.max_tokens or options.max_tokens,
            key=aim.key,
            headers=aim.headers,
            timeouts=options.timeouts,
            stream=options.stream,
            sampling=sampling,
            logprobs=options.logprobs,
            extra=extra,
        )


def _salted(messages: tuple[Message, ...], salt: str) -> tuple[Message, ...]:
    first, *rest = messages
    return (first.behind(salt_of(salt)), *rest)
