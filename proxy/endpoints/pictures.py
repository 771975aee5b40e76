"""`GET /v1/images/files/{name}`: the pictures that were asked for by address. They wait here for a while."""

from aiohttp import web

from proxy.errors import NotFoundError
from proxy.store import Bounds, Store

BOUNDS = Bounds(entries=1000, bytes=32 * 1024 * 1024, seconds=3600)
PICTURES = web.AppKey("PICTURES", Store[tuple[bytes, str]])


async def picture(request: web.Request) -> web.Response:
    """A picture by its address. Raises NotFoundError."""
    kept = request.app[PICTURES].get(request.match_info["name"])
    if kept is None:
        raise NotFoundError("No such picture: it was never made here, or is kept no longer. Pictures wait for an hour.")
    return web.Response(body=kept[0], content_type=kept[1])
