"""What a scenario file may say. The published JSON Schema is made of these types, and every file is checked by them."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Endpoint = Literal["chat", "completions", "responses", "messages"]


class Test(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a text has to be. All that is given has to hold."""

    exact: Annotated[str | None, Meta(description="The whole text.")] = None
    contains: Annotated[str | None, Meta(description="A part of the text.")] = None
    regex: Annotated[
        str | None,
        Meta(description="A regular expression that is found in the text; its groups are {{match.1}}, {{match.name}}."),
    ] = None


Text = Annotated[str | Test, Meta(description="A part of the text, or {exact, contains, regex}.")]


class When(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which requests a rule answers. All that is given has to hold; nothing given is every request."""

    model: Annotated[str | None, Meta(description="The model's name; * and ? as in file names.")] = None
    endpoint: Annotated[
        Endpoint | Annotated[list[Endpoint], Meta(min_length=1)] | None, Meta(description="The API that asks.")
    ] = None
    user: Annotated[Text | None, Meta(description="The last text of the user.")] = None
    system: Annotated[Text | None, Meta(description="The system or developer texts, or instructions.")] = None
    tools: Annotated[
        Annotated[list[str], Meta(min_length=1)] | None, Meta(description="Tools that are all on offer.")
    ] = None
    tool_result: Annotated[
        Text | None, Meta(description="What a tool gave back after the last text of the assistant.")
    ] = None
    turn: Annotated[
        Annotated[int, Meta(ge=0)] | None, Meta(description="How many messages of the assistant the request has.")
    ] = None
    stream: Annotated[bool | None, Meta(description="Whether the answer is to be streamed.")] = None
    headers: Annotated[dict[str, Text] | None, Meta(description="Headers of the request, by name.")] = None
    jsonpath: Annotated[
        dict[str, str | int | float | bool | list[Any] | Test | None] | None,
        Meta(description="Values in the request by JSONPath, such as {$.temperature: 0}; a Test is of texts."),
    ] = None
    body: Annotated[
        dict[str, Any] | None, Meta(description="JSON that the request has; of an array the beginning.")
    ] = None
    request: Annotated[
        dict[str, Any] | None,
        Meta(description="The request as it was recorded: it, or one that is nearly the same."),
    ] = None


class ToolCall(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call of a tool."""

    name: Name
    arguments: Annotated[dict[str, Any] | str, Meta(description="An object, or a text that goes out as it is.")] = {}
    id: str | None = None


class Error(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An error instead of an answer, in the API's own words where none are given."""

    status: Annotated[int, Meta(ge=400, le=599)]
    message: str | None = None
    code: str | None = None
    retry_after: Seconds | None = None


class Replay(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An answer as it was recorded, byte for byte: a body, or the events of a stream."""

    status: Annotated[int, Meta(ge=200, le=499)] = 200
    content_type: Annotated[str, Meta(pattern=r"^[!-~ ]{1,200}$")] = "application/json"
    ms: Annotated[
        Annotated[int, Meta(ge=0, le=86_400_000)] | None,
        Meta(description="Milliseconds after the request; of a stream each event has its own."),
    ] = None
    body: str | None = None
    events: Annotated[
        list[Annotated[list[int | str], Meta(min_length=2, max_length=3)]] | None,
        Meta(description="[ms, text], or [ms, name, data]; an empty line follows each."),
    ] = None
    base64: Annotated[str | None, Meta(description="A body that is no text.")] = None


class Answer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is answered. A delay or a fault alone leaves the answer as it would have been."""

    text: Annotated[str | None, Meta(description="The text; {{last_user}} and the like are filled in.")] = None
    json: Annotated[
        dict[str, Any] | list[Any] | None, Meta(description="A text that is this JSON, with values filled in.")
    ] = None
    tool_calls: Annotated[list[ToolCall], Meta(min_length=1)] | None = None
    refusal: str | None = None
    finish_reason: Literal["stop", "length", "content_filter"] | None = None
    error: Annotated[
        Error | Annotated[int, Meta(ge=400, le=599)] | None, Meta(description="A status, or {status, message, ...}.")
    ] = None
    delay: Annotated[Seconds | None, Meta(description="Seconds before anything is answered.")] = None
    fault: Annotated[
        str | dict[str, dict[str, Any]] | None,
        Meta(description="A fault of the catalogue, as the header has it ('cut;after_events=3') or {cut: {...}}."),
    ] = None
    probability: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None, Meta(description="How likely the fault is, drawn from the seed.")
    ] = None
    pass_: Annotated[Literal[True] | None, Meta(description="The real model answers.")] = field(
        default=None, name="pass"
    )
    simulate: Annotated[Literal[True] | None, Meta(description="The simulator answers.")] = None
    replay: Annotated[Replay | None, Meta(description="What was recorded.")] = None


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which requests, and what they are answered: one answer, or several in turn."""

    name: Name | None = None
    when: When = When()
    answer: Answer | None = None
    answers: Annotated[list[Answer], Meta(min_length=1, max_length=1000)] | None = None
    repeat: Annotated[
        Literal["last", "cycle", "none"],
        Meta(description="After the last answer: it again, the first again, or the rule is spent."),
    ] = "last"
    times: Annotated[Count | None, Meta(description="The rule is spent after so many answers.")] = None

    @property
    def sequence(self) -> list[Answer]:
        """Its answers in turn."""
        return self.answers or ([self.answer] if self.answer else [])


class Scenario(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario: the first rule that fits a request and is not spent answers it."""

    rules: Annotated[list[Rule], Meta(min_length=1, max_length=10_000)]
    name: Name | None = None
    on_miss: Annotated[
        Literal["simulate", "pass", "fail", "record"] | None,
        Meta(
            description="What no rule answers: as ever (simulate, the usual), by the real model, with a 404, or by the "
            "upstream, and it is recorded."
        ),
    ] = None
    similarity: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="How similar each text has to be to the one of a recorded request: 0 to 1, usually 0.8."),
    ] = None
    schema: Annotated[str | None, Meta(description="For editors; not read.")] = field(default=None, name="$schema")
