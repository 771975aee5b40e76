"""What is wrong with a schema, and where, in the words that OpenAI uses."""


class SchemaError(Exception):
    """A schema that cannot be taken, or that no value meets.

    `path` leads from the root to the part in question; None where the message says itself where or is about the whole.
    `str()` gives what follows "Invalid schema for response_format 'name': " in OpenAI's answer.
    """

    def __init__(self, path: tuple[str, ...] | None, message: str) -> None:
        super().__init__(message if path is None else f"In context={path!r}, {message}")
        self.path = path
        self.message = message
