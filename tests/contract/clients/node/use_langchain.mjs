// LangChain's OpenAI integration for Node.
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { z } from "zod";

import { assert, baseURL, getWeather, model, question, run, weather, weatherQuestion } from "./checks.mjs";

const places = { apiKey: "any", maxRetries: 0, configuration: { baseURL } };
const chatting = new ChatOpenAI({ model, ...places });
const responding = new ChatOpenAI({ model, useResponsesApi: true, ...places });

await run("@langchain/openai", {
  async "chat and stream"() {
    for (const each of [chatting, responding]) {
      const { text } = await each.invoke(question);
      assert.match(text, /volcano/i);
      let joined = "";
      for await (const chunk of await each.stream(question)) joined += chunk.text;
      assert.equal(joined, text);
    }
  },
  async "tool loop"() {
    const schema = z.object({ city: z.string() });
    const description = "Get the current weather in a city";
    const getting = tool((input) => getWeather(input), { name: "get_weather", description, schema });
    for (const each of [chatting, responding]) {
      const able = each.bindTools([getting]);
      const said = [{ role: "user", content: weatherQuestion }];
      said.push(await able.invoke(said));
      said.push(await getting.invoke(said.at(-1).tool_calls[0]));
      const final = await able.invoke(said);
      assert.ok(final.text.includes(weather));
    }
  },
  async "structured output"() {
    const City = z.object({ name: z.string(), population: z.number().int() });
    City.parse(await chatting.withStructuredOutput(City).invoke("Describe the city of Paris"));
  },
  async embeddings() {
    const embedder = new OpenAIEmbeddings({ model: "text-embedding-3-small", ...places });
    assert.equal((await embedder.embedQuery("cats")).length, 1536);
  },
});
