"""An HTTP server with a web page: images in, denoised images out.

A request passes four files: ``guard`` decides who may ask, ``work_queue`` admits it (or answers
503), ``requests`` receives its body, and ``pictures`` denoises the image when its turn comes.
``app`` has the routes and the status of each failure. No name or path of a request reaches the file
system. Other rooms know nothing of HTTP.
"""

from unnoise.server.run import serve
from unnoise.server.settings import ServerSettings, check_access, check_token

__all__ = ["ServerSettings", "check_access", "check_token", "serve"]
