// Anthropic's official Node client.
import Anthropic from "@anthropic-ai/sdk";

import { assert, getWeather, model, origin, question, run, weather, weatherQuestion } from "./checks.mjs";

const client = new Anthropic({ baseURL: origin, apiKey: "any", maxRetries: 0 });
const asked = { model, max_tokens: 2000, messages: [{ role: "user", content: question }] };

await run("@anthropic-ai/sdk", {
  async message() {
    const answer = await client.messages.create(asked);
    assert.match(answer.content[0].text, /volcano/i);
  },
  async "stream helper"() {
    const thinking = { type: "enabled", budget_tokens: 1024 };
    for (const fields of [asked, { ...asked, thinking }]) {
      const plain = await client.messages.create(fields);
      const { parsed_output, ...final } = await client.messages.stream(fields).finalMessage();
      assert.equal(parsed_output, null);
      assert.deepEqual(final, { ...plain });
    }
  },
  async "tool loop"() {
    const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
    const tools = [{ name: "get_weather", description: "Get the current weather in a city", input_schema }];
    const messages = [{ role: "user", content: weatherQuestion }];
    const first = await client.messages.create({ ...asked, messages, tools });
    assert.equal(first.stop_reason, "tool_use");
    const call = first.content.find((block) => block.type === "tool_use");
    const result = { type: "tool_result", tool_use_id: call.id, content: getWeather(call.input) };
    messages.push({ role: "assistant", content: first.content }, { role: "user", content: [result] });
    const final = await client.messages.create({ ...asked, messages, tools });
    assert.ok(final.content[0].text.includes(weather));
  },
  async "count tokens"() {
    const { input_tokens } = await client.messages.countTokens({ model, messages: asked.messages });
    assert.equal(input_tokens, (await client.messages.create(asked)).usage.input_tokens);
  },
  async errors() {
    const refused = client.messages.create({ ...asked, max_tokens: -1 });
    await assert.rejects(refused, { status: 400, type: "invalid_request_error" });
  },
});
