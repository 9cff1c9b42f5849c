"""Chat: each user asks one prompt after another, each as soon as the answer to the one before has ended."""

from locust import task

from harness.swarm import PromptUser


class Chat(PromptUser):
    """Streams chat completions."""

    @task
    def chat(self) -> None:
        """One prompt, one answer."""
        self.ask(self.next_prompt())
