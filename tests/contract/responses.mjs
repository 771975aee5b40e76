// The official Node client's Responses API against the address in BASE_URL: prints one JSON line with what it got.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: "any", maxRetries: 0 });
const model = "gpt-sim-1";
const input = "What is the weather in Paris?";
const tools = [
  {
    type: "function",
    name: "get_weather",
    description: "The weather of a city",
    strict: true,
    parameters: {
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
      additionalProperties: false,
    },
  },
];

const plain = await client.responses.create({ model, input: "Tell me about volcanoes" });
const helper = client.responses.stream({ model, input: "Tell me about volcanoes" });
let text = "";
helper.on("response.output_text.delta", (event) => (text += event.delta));
const streamed = await helper.finalResponse();

const called = await client.responses.create({ model, input, tools });
const outputs = called.output.map((call) => ({
  type: "function_call_output",
  call_id: call.call_id,
  output: JSON.stringify({ celsius: 18 }),
}));
const answered = await client.responses.create({ model, input: outputs, tools, previous_response_id: called.id });

const parsed = await client.responses.parse({
  model,
  input,
  text: { format: { type: "json_schema", name: "city", strict: true, schema: tools[0].parameters } },
});

const statuses = [];
let background = await client.responses.create({ model, input: "Tell me about snow", background: true });
statuses.push(background.status);
while (["queued", "in_progress"].includes(background.status)) {
  background = await client.responses.retrieve(background.id);
  statuses.push(background.status);
}

const items = [];
for await (const item of client.responses.inputItems.list(answered.id)) items.push(item.type);

let error = null;
try {
  await client.responses.create({ model, input, previous_response_id: "resp_0" });
} catch (caught) {
  error = { name: caught.constructor.name, status: caught.status, param: caught.param, code: caught.code };
}

console.log(
  JSON.stringify({
    plain: plain.output_text,
    text,
    streamed: streamed.output_text,
    call: called.output[0].arguments,
    answer: answered.output_text,
    parsed: parsed.output_parsed,
    statuses,
    items,
    error,
  }),
);
