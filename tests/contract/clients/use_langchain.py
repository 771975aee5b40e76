# mypy: ignore-errors
"""LangChain's OpenAI integration."""

from checks import BASE_URL, MODEL, QUESTION, WEATHER, WEATHER_QUESTION, get_weather, run
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

places = {"base_url": BASE_URL, "api_key": "any", "max_retries": 0}
model = ChatOpenAI(model=MODEL, **places)
responding = ChatOpenAI(model=MODEL, use_responses_api=True, **places)


class City(BaseModel):
    """A city."""

    name: str
    population: int


def chat():
    answer = model.invoke(QUESTION)
    assert "volcano" in answer.content.lower()
    assert answer.usage_metadata["output_tokens"] > 10


def stream():
    text = "".join(chunk.content for chunk in model.stream(QUESTION))
    assert text == model.invoke(QUESTION).content


async def async_stream():
    text = "".join([chunk.content async for chunk in model.astream(QUESTION)])
    assert text == (await model.ainvoke(QUESTION)).content


def tool_loop():
    weather = tool(get_weather)
    for each in (model, responding):
        able = each.bind_tools([weather])
        said = [HumanMessage(WEATHER_QUESTION)]
        said.append(able.invoke(said))
        (call,) = said[-1].tool_calls
        said.append(ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]))
        final = able.invoke(said)
        assert not final.tool_calls
        assert WEATHER in str(final.text)


def streamed_tool_call():
    able = model.bind_tools([tool(get_weather)])
    first, *rest = able.stream(WEATHER_QUESTION)
    whole = sum(rest, first)
    plain = able.invoke(WEATHER_QUESTION)
    assert [(call["name"], call["args"], call["id"]) for call in whole.tool_calls] == [
        (call["name"], call["args"], call["id"]) for call in plain.tool_calls
    ]


def structured_output():
    for method in ("json_schema", "function_calling"):
        city = model.with_structured_output(City, method=method).invoke("Describe the city of Paris")
        assert isinstance(city, City), method


def responses():
    assert responding.invoke(QUESTION).text == model.invoke(QUESTION).content
    assert "".join(chunk.text for chunk in responding.stream(QUESTION)) == responding.invoke(QUESTION).text


def embeddings():
    embedder = OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False, **places)
    one, two = embedder.embed_documents(["cats", "kittens"])
    assert len(one) == len(two) == 1536
    assert embedder.embed_query("cats") == one


if __name__ == "__main__":
    run(
        "langchain-openai",
        chat,
        stream,
        async_stream,
        tool_loop,
        streamed_tool_call,
        structured_output,
        responses,
        embeddings,
    )
