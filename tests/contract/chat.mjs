// The official Node client against the address in BASE_URL: prints one JSON line with what it got.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: "any", maxRetries: 0 });
const messages = [{ role: "user", content: "Tell me about volcanoes" }];

const plain = await client.chat.completions.create({ model: "gpt-4o", messages });

let text = "";
let usage = null;
const stream = await client.chat.completions.create({
  model: "gpt-4o",
  messages,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}

let error = null;
try {
  await client.chat.completions.create({ model: "gpt-4o", messages: "none" });
} catch (caught) {
  error = { name: caught.constructor.name, status: caught.status, param: caught.param, code: caught.code };
}

const models = [];
for await (const model of client.models.list()) models.push(model.id);

console.log(JSON.stringify({ plain, text, usage, error, models }));
