"""Chat: each user asks one prompt after another, each as soon as the answer to the one before has ended."""

from locust import task

from harness.swarm import PromptUser


class Chat(PromptUser):
    """Streams chat completions."""

    @task
    def chat(self) -> None:
        """One prompt and its answer, or with --conversations all turns of it."""
        self.converse(self.next_prompt())
