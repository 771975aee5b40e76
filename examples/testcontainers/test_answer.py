"""What a test looks like: as with a simulator on this machine."""

from openai import OpenAI


def test_it_answers_what_the_scenario_says(openai_sim):
    openai_sim.scenario({"rules": [{"when": {"user": "Hello"}, "answer": {"text": "Hello yourself"}}]})
    ask = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}

    with OpenAI() as client:  # the fixture set OPENAI_BASE_URL and OPENAI_API_KEY
        assert client.chat.completions.create(**ask).choices[0].message.content == "Hello yourself"
    assert openai_sim.last_request.rule


def test_it_fails_as_often_as_told(openai_sim):
    openai_sim.fault("status", times=1, status=503, retry_after=0.01)

    with OpenAI() as client:  # tries twice again
        client.responses.create(model="gpt-4o", input="Hello")
    assert [request.status for request in openai_sim.requests()] == [503, 200]
