// The Vercel AI SDK, with its providers for OpenAI (responses and chat), compatible endpoints, and Anthropic.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embed, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import { assert, baseURL, getWeather, model, question, run, weather, weatherQuestion } from "./checks.mjs";

const openai = createOpenAI({ baseURL, apiKey: "any" });
const compatible = createOpenAICompatible({
  name: "simulator",
  baseURL,
  apiKey: "any",
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const anthropic = createAnthropic({ baseURL, apiKey: "any" });
const models = [openai(model), openai.chat(model), compatible(model), anthropic(model)];
const asked = { prompt: question, maxRetries: 0 };

globalThis.AI_SDK_LOG_WARNINGS = false;

await run("ai", {
  async "generateText with four providers"() {
    for (const each of models) {
      const { text, usage } = await generateText({ ...asked, model: each });
      assert.match(text, /volcano/i);
      assert.ok(usage.outputTokens > 10);
    }
  },
  async streamText() {
    for (const each of models) {
      const plain = await generateText({ ...asked, model: each });
      const streamed = streamText({ ...asked, model: each });
      let text = "";
      for await (const piece of streamed.textStream) text += piece;
      assert.equal(text, plain.text);
      assert.equal((await streamed.usage).outputTokens, plain.usage.outputTokens);
      assert.equal(await streamed.finishReason, "stop");
    }
  },
  async "tool loop"() {
    const inputSchema = z.object({ city: z.string() });
    const tools = { get_weather: tool({ description: "Get the weather in a city", inputSchema, execute: getWeather }) };
    const loop = { prompt: weatherQuestion, tools, stopWhen: stepCountIs(3), maxRetries: 0 };
    for (const each of models) {
      const { text, steps } = await generateText({ ...loop, model: each });
      assert.equal(steps.length, 2);
      assert.ok(text.includes(weather));
      assert.ok((await streamText({ ...loop, model: each }).text).includes(weather));
    }
  },
  async "structured output"() {
    const City = z.object({ name: z.string(), population: z.number().int() });
    for (const each of models) {
      const wanted = { model: each, prompt: "Describe the city of Paris", output: Output.object({ schema: City }) };
      City.parse((await generateText({ ...wanted, maxRetries: 0 })).output);
    }
  },
  async embed() {
    const { embedding } = await embed({ model: openai.embedding("text-embedding-3-small"), value: question });
    assert.equal(embedding.length, 1536);
  },
});
