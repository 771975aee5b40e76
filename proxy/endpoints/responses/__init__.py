"""The Responses API: `routes` is its face; the rest is loaded by the first request that needs it."""
