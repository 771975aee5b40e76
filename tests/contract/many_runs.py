"""`python -m tests.contract.many_runs URL FIRST LAST`: so many runs at once from one process, each looking for others.

Each has a script, a fault, limits, a latency and a journal of its own, and sees whether anything is another's.
"""

import asyncio
import json
import sys
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

HELLO: Any = [{"role": "user", "content": "hello"}]
REAL = "Grüße aus München, schöne Stadt."  # what tests/upstreams/complete.py says
ALLOWED = 5  # requests a day


async def one(url: str, number: int) -> None:
    base, refusal = f"{url}/t/many-{number}", 400 + number % 28
    async with (
        httpx.AsyncClient(base_url=base, timeout=200) as control,
        AsyncOpenAI(base_url=f"{base}/v1", api_key="any", max_retries=0, timeout=200) as client,
    ):

        async def say(path: str, wish: dict[str, Any]) -> None:
            answer = await control.post(path, json=wish)
            assert answer.status_code in (200, 201), answer.text

        async def ask(**more: Any) -> Any:
            return await client.chat.completions.with_raw_response.create(model="gpt-sim-1", messages=HELLO, **more)

        async def refused(status: int) -> None:
            with pytest.raises(openai.APIStatusError) as caught:
                await ask()
            assert caught.value.status_code == status, (number, caught.value.status_code, status)

        answers = [{"text": f"{number} first"}, {"text": f"{number} second {{{{number}}}}"}, {"pass": True}]
        await say("/_sim/scenario", {"rules": [{"answers": answers, "repeat": "none"}], "on_miss": "fail"})
        await say("/_sim/faults", {"fault": "status", "settings": {"status": refusal}, "after": 1, "times": 1})
        await say("/_sim/limits", {"limits": [{"requests_per_day": ALLOWED}], "budget": {}})
        await say("/_sim/latency", {"ttft": float(number), "virtual": True})

        first = await ask()
        assert first.parse().choices[0].message.content == f"{number} first"
        assert float(first.headers["x-sim-ttft-ms"]) == number
        await refused(refusal)
        stream = (await ask(stream=True)).parse()
        said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        assert said == f"{number} second 2", (number, said)
        assert (await ask()).parse().choices[0].message.content == REAL
        await refused(404)  # no rule is left
        await refused(429)

        seen = (await control.get("/_sim/requests", params={"full": 1})).json()["data"]
        assert [entry["status"] for entry in seen] == [200, refusal, 200, 200, 404, 429], number
        assert [entry["faults"] for entry in seen] == [[], ["status"], [], [], [], []]
        assert seen[0]["timing"]["ttft_ms"] == number
        others = {str(each) for each in range(1, 201)} - {str(number)}
        assert not [word for word in others if f'"{word} ' in json.dumps([entry["answer"] for entry in seen])]
        limits = (await control.get("/_sim/limits")).json()
        assert round(limits["used"][0]["requests_per_day"]) == ALLOWED
        assert limits["spent_usd"] == sum([entry.get("cost_usd", 0) for entry in seen]) > 0
        await control.delete("/_sim/runs")


async def all_of(url: str, first: int, last: int) -> None:
    await asyncio.gather(*[one(url, number) for number in range(first, last + 1)])


if __name__ == "__main__":
    asyncio.run(all_of(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
