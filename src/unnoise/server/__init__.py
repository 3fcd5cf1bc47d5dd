"""An HTTP server with a web page: images in, denoised images out.

A request goes through doors: who may ask (``guard``), what is taken (``requests``), whose turn it is
(``work_queue``), and what becomes of the image (``pictures``). No name or path of a request reaches the
file system. The rooms to the left know nothing of HTTP.
"""

from unnoise.devices import usable_cores
from unnoise.server.run import serve
from unnoise.server.settings import ServerSettings, check_access, check_token

__all__ = ["ServerSettings", "check_access", "check_token", "serve", "usable_cores"]
