"""An S3 server for the tests: moto's.

    python moto_server.py [CERTIFICATE KEY]

It listens on a free port of 127.0.0.1, prints its address as the first line, and ends when it is
told to. Quick, but lenient: it accepts any credentials unless it is told otherwise, and does not
compare checksums.
"""

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def main() -> None:
    files = sys.argv[1:]
    server = make_server(
        "127.0.0.1",
        0,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=Handler,
        ssl_context=(files[0], files[1]) if files else None,
    )
    print(f"http{'s' if files else ''}://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
