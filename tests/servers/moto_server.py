"""An S3 server for the tests: moto's.

    python moto_server.py [CERTIFICATE KEY]

It listens on a free port of 127.0.0.1, prints its address as the first line, and ends when it is
told to. Quick, but lenient: it accepts any credentials unless it is told otherwise, and does not
compare checksums.
"""

import sys
import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class OneClaimAtATime:
    """An application that stores under a condition as S3 does: the looking is part of the storing.

    moto looks whether there is a key and stores it a moment later, so that two could claim it.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._claiming = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_IF_NONE_MATCH" not in environ or "CONTENT_LENGTH" not in environ:
            return self._application(environ, start_response)
        # Nobody waits for somebody whose line is slow.
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        with self._claiming:
            return self._application(environ, start_response)


def main() -> None:
    files = sys.argv[1:]
    server = make_server(
        "127.0.0.1",
        0,
        OneClaimAtATime(DomainDispatcherApplication(create_backend_app)),
        threaded=True,
        request_handler=Handler,
        ssl_context=(files[0], files[1]) if files else None,
    )
    print(f"http{'s' if files else ''}://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
