"""An HTTP server with a web page: images in, denoised images out.

A request passes four files: ``guard`` decides who may ask, ``requests`` receives the body,
``work_queue`` lets it wait for its turn (or answers 503), and ``pictures`` denoises the image.
``app`` has the routes and the status of each failure. No name or path of a request reaches the file
system. Other rooms know nothing of HTTP.
"""

from unnoise.server.run import serve
from unnoise.server.settings import ServerSettings, check_access, check_token

__all__ = ["ServerSettings", "check_access", "check_token", "serve"]
