"""An S3 server for the tests: LocalStack's, with the newest of S3: conditions, checksums, TLS.

    python localstack_server.py FOLDER

Runs in an environment of its own that holds `localstack.txt`. It keeps what it needs in FOLDER,
listens on a free port of 127.0.0.1, prints its address as the first line once it is ready, and
ends when it is told to. It accepts any credentials.
"""

import os
import socket
import sys
import threading
import time
import urllib.request


def announce(address: str, output: int) -> None:
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_localstack/health") as answer:
                answer.read()
                break
        except OSError:
            time.sleep(0.1)
    os.write(output, f"{address}\n".encode())


def main() -> None:
    folder = sys.argv[1]
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    os.environ.update(
        HOME=folder,
        FILESYSTEM_ROOT=os.path.join(folder, "root"),
        GATEWAY_LISTEN=f"127.0.0.1:{port}",
        GATEWAY_SERVER="hypercorn",  # the other one listens on every interface
        DNS_ADDRESS="0",
        SERVICES="s3",
        EAGER_SERVICE_LOADING="1",
        DISABLE_EVENTS="1",
        SKIP_SSL_CERT_DOWNLOAD="1",
    )
    output = os.dup(1)
    os.dup2(2, 1)  # what LocalStack itself prints goes to the log
    arguments = (f"http://127.0.0.1:{port}", output)
    threading.Thread(target=announce, args=arguments, daemon=True).start()
    from localstack.runtime.main import main as run

    run()


if __name__ == "__main__":
    main()
