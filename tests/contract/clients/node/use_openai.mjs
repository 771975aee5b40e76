// The official Node client.
import OpenAI, { toFile } from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

import { assert, baseURL, getWeather, model, question, run, weather, weatherQuestion } from "./checks.mjs";

const client = new OpenAI({ baseURL, apiKey: "any", maxRetries: 0 });
const messages = [{ role: "user", content: question }];
const City = z.object({ name: z.string(), population: z.number().int() });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

await run("openai", {
  async chat() {
    const answer = await client.chat.completions.create({ model, messages });
    assert.match(answer.choices[0].message.content, /volcano/i);
  },
  async stream() {
    const plain = await client.chat.completions.create({ model, messages });
    const options = { stream: true, stream_options: { include_usage: true } };
    let [text, usage] = ["", null];
    for await (const chunk of await client.chat.completions.create({ model, messages, ...options })) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, plain.choices[0].message.content);
    assert.deepEqual(usage, plain.usage);
  },
  async "stream helper"() {
    const events = client.chat.completions.stream({ model, messages });
    let text = "";
    events.on("content", (delta) => (text += delta));
    assert.equal(await events.finalContent(), text);
  },
  async "tool loop"() {
    const description = "Get the current weather in a city";
    const tool = { name: "get_weather", description, parameters, parse: JSON.parse, function: getWeather };
    const fields = { model, messages: [{ role: "user", content: weatherQuestion }] };
    for (const stream of [false, true]) {
      const runner = client.chat.completions.runTools({ ...fields, stream, tools: [{ type: "function", function: tool }] });
      assert.ok((await runner.finalContent()).includes(weather));
    }
  },
  async parse() {
    const parsed = await client.chat.completions.parse({
      model,
      messages: [{ role: "user", content: "Describe the city of Paris" }],
      response_format: zodResponseFormat(City, "city"),
    });
    City.parse(parsed.choices[0].message.parsed);
  },
  async responses() {
    const answer = await client.responses.create({ model, input: question });
    assert.match(answer.output_text, /volcano/i);
    const final = await client.responses.stream({ model, input: question }).finalResponse();
    assert.equal(final.output_text, answer.output_text);
    const format = zodTextFormat(City, "city");
    City.parse((await client.responses.parse({ model, input: "Paris", text: { format } })).output_parsed);
  },
  async embeddings() {
    const answer = await client.embeddings.create({ model: "text-embedding-3-small", input: question, dimensions: 64 });
    assert.equal(answer.data[0].embedding.length, 64);
  },
  async files() {
    const kept = await client.files.create({ file: await toFile(Buffer.from("{}"), "a.jsonl"), purpose: "batch" });
    assert.equal(await (await client.files.content(kept.id)).text(), "{}");
    assert.ok((await client.files.delete(kept.id)).deleted);
  },
  async errors() {
    const asked = client.chat.completions.create({ model, messages: "none" });
    await assert.rejects(asked, { name: "Error", status: 400, param: "messages", code: "invalid_type" });
  },
});
