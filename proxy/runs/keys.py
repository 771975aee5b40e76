"""What one request carries of its run, and where the runs are, under typed keys."""

from aiohttp import web

from proxy.runs.journal import Entry
from proxy.runs.runs import Run, Runs

RUNS = web.AppKey("RUNS", Runs)
RUN = web.RequestKey("run", Run)
ENTRY = web.RequestKey("entry", Entry)
