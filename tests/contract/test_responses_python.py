"""The Responses API through the official Python client: plain, streamed, its stream helper, parsed, and async."""

from typing import Literal

import openai
import pytest
from openai.types.responses import Response
from pydantic import BaseModel

from tests.proxy.endpoints.responses_cases import ASKED, CASES, WEATHER

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")


@pytest.fixture
def client(simulator):
    with openai.OpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
async def asynchronous(simulator):
    async with openai.AsyncOpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        yield client


class Booking(BaseModel):
    city: str
    nights: int
    board: Literal["none", "breakfast", "full"]
    guests: list[str]


def without_times(response: Response):
    return response.model_copy(update={"created_at": 0, "completed_at": None}).to_dict()


@pytest.mark.parametrize("name", CASES)
def test_every_answer_is_the_clients_own_model_plain_and_streamed(client, name):
    fields = {"model": "gpt-sim-1", **CASES[name]}
    plain = client.responses.create(**fields)
    events = list(client.responses.create(**fields, stream=True))

    Response.model_validate_json(plain.to_json(), strict=True)
    assert events[0].type == "response.created"
    end = events[-1].response
    assert (without_times(end) == without_times(plain)) is (plain.status != "queued")
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == end.output_text
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_the_stream_helper_collects_the_answer(client):
    with client.responses.stream(model="gpt-sim-1", input="Tell me about tea") as stream:
        snapshots = [event.snapshot for event in stream if event.type == "response.output_text.delta"]
        response = stream.get_final_response()

    assert snapshots[-1] == response.output_text
    assert response.output_text == client.responses.create(model="gpt-sim-1", input="Tell me about tea").output_text


def test_the_stream_helper_collects_calls_and_parses_them(client):
    tools = [WEATHER | {"strict": True}]
    with client.responses.stream(model="gpt-sim-1", input=ASKED, tools=tools, tool_choice="required") as stream:
        snapshots = [event.snapshot for event in stream if event.type == "response.function_call_arguments.delta"]
        (call,) = stream.get_final_response().output

    assert (call.type, call.parsed_arguments) == ("function_call", {"city": "Paris"})
    assert snapshots[-1] == call.arguments


def test_a_pydantic_model_is_parsed_plain_and_streamed(client):
    question = "Book a hotel in Rome for 3 nights with breakfast"
    parsed = client.responses.parse(model="gpt-sim-1", input=question, text_format=Booking)
    with client.responses.stream(model="gpt-sim-1", input=question, text_format=Booking) as stream:
        streamed = stream.get_final_response()

    assert isinstance(parsed.output_parsed, Booking)
    assert (parsed.output_parsed.city, parsed.output_parsed.nights) == ("Rome", 3)
    assert streamed.output_parsed == parsed.output_parsed


def test_a_pydantic_tool_is_parsed(client):
    tool = openai.pydantic_function_tool(Booking, name="book")["function"]
    parsed = client.responses.parse(
        model="gpt-sim-1",
        input="Book a hotel in Rome for 3 nights",
        tools=[{"type": "function", "name": tool["name"], "parameters": tool["parameters"], "strict": True}],
        tool_choice="required",
    )

    (call,) = parsed.output
    assert call.type == "function_call"
    Booking.model_validate(call.parsed_arguments)


def test_a_loop_of_calls_ends_over_previous_responses_and_over_a_whole_history(client):
    tools = [WEATHER]
    response = client.responses.create(model="gpt-sim-1", input=ASKED, tools=tools)
    history = [{"role": "user", "content": ASKED}]
    rounds = 0
    while calls := [item for item in response.output if item.type == "function_call"]:
        results = [
            {"type": "function_call_output", "call_id": call.call_id, "output": '{"celsius": 18}'} for call in calls
        ]
        history += [*response.output, *results]
        by_id = client.responses.create(model="gpt-sim-1", input=results, tools=tools, previous_response_id=response.id)
        response = client.responses.create(model="gpt-sim-1", input=history, tools=tools)
        assert response.output_text == by_id.output_text
        rounds += 1

    assert rounds == 1
    assert "18" in response.output_text


def test_one_in_the_background_is_polled_to_its_end(client):
    response = client.responses.create(model="gpt-sim-1", input="Tell me about snow", background=True)
    seen = [response.status]
    while response.status in ("queued", "in_progress"):
        response = client.responses.retrieve(response.id)
        seen.append(response.status)

    assert seen == ["queued", "in_progress", "completed"]
    assert response.output_text


def test_one_in_the_background_is_cancelled(client):
    response = client.responses.create(model="gpt-sim-1", input="Tell me about sleet", background=True)

    assert client.responses.cancel(response.id).status == "cancelled"
    assert client.responses.retrieve(response.id).status == "cancelled"


def test_a_broken_stream_is_resumed(client):
    stream = client.responses.create(model="gpt-sim-1", input="Tell me about rain", background=True, stream=True)
    first = [next(stream) for _ in range(7)]
    stream.close()
    name = first[0].response.id
    rest = list(client.responses.retrieve(name, stream=True, starting_after=first[-1].sequence_number))

    text = "".join(event.delta for event in [*first, *rest] if event.type == "response.output_text.delta")
    assert text == client.responses.retrieve(name).output_text
    with client.responses.stream(response_id=name, starting_after=3) as helper:
        assert helper.get_final_response().output_text == text


def test_a_response_is_kept_listed_and_deleted(client):
    response = client.responses.create(
        model="gpt-sim-1",
        input=[{"role": "user", "content": "One"}, {"role": "assistant", "content": "Two"}],
        metadata={"a": "b"},
    )

    assert client.responses.retrieve(response.id) == response
    items = list(client.responses.input_items.list(response.id, limit=1))
    assert [item.content[0].text for item in items] == ["Two", "One"]
    client.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)


def test_tokens_are_counted_and_conversations_compacted(client):
    counted = client.responses.input_tokens.count(model="gpt-sim-1", input="Hi", instructions="Be brief.")
    response = client.responses.create(model="gpt-sim-1", input="Hi", instructions="Be brief.")
    assert counted.input_tokens == response.usage.input_tokens

    compacted = client.responses.compact(model="gpt-sim-1", previous_response_id=response.id)
    follow = client.responses.create(model="gpt-sim-1", input=[*compacted.output, {"role": "user", "content": "And?"}])
    by_id = client.responses.create(model="gpt-sim-1", input="And?", previous_response_id=response.id)
    assert follow.output_text == by_id.output_text


def test_a_conversation_grows(client):
    conversation = client.conversations.create(items=[{"role": "user", "content": "Hi"}], metadata={"a": "b"})
    response = client.responses.create(model="gpt-sim-1", input="Tell me about bees", conversation=conversation.id)

    assert response.conversation.id == conversation.id
    items = list(client.conversations.items.list(conversation.id, order="asc", limit=2))
    assert [item.content[0].text for item in items] == ["Hi", "Tell me about bees", response.output_text]
    client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "Bye"}])
    last = next(iter(client.conversations.items.list(conversation.id)))
    assert client.conversations.items.retrieve(last.id, conversation_id=conversation.id) == last
    client.conversations.items.delete(last.id, conversation_id=conversation.id)
    assert len(list(client.conversations.items.list(conversation.id))) == 3
    assert client.conversations.update(conversation.id, metadata={}).metadata == {}
    assert client.conversations.retrieve(conversation.id).id == conversation.id
    assert client.conversations.delete(conversation.id).deleted


def test_errors_are_the_clients_own_kinds(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="gpt-sim-1", input="Hi", previous_response_id="resp_0")
    assert (caught.value.param, caught.value.code) == ("previous_response_id", "previous_response_not_found")
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_0")
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        client.responses.cancel(client.responses.create(model="gpt-sim-1", input="Hi").id)


async def test_everything_asynchronously(asynchronous):
    plain = await asynchronous.responses.create(model="gpt-sim-1", input="Tell me about tea")
    stream = await asynchronous.responses.create(model="gpt-sim-1", input="Tell me about tea", stream=True)
    events = [event async for event in stream]
    parsed = await asynchronous.responses.parse(model="gpt-sim-1", input="A city", text_format=Booking)
    async with asynchronous.responses.stream(model="gpt-sim-1", input="Tell me about tea") as helper:
        final = await helper.get_final_response()

    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert plain.output_text == text == final.output_text
    assert isinstance(parsed.output_parsed, Booking)
    items = [item async for item in asynchronous.responses.input_items.list(plain.id)]
    assert items[0].content[0].text == "Tell me about tea"
    await asynchronous.responses.delete(plain.id)
