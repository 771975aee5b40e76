"""One OpenAI path a file: read the request, build the answer."""
