#!/usr/bin/env python3
"""Serves one GGUF model with llama.cpp's HTTP server on a private Unix socket.

Started and watched by haca-worker. It writes one line, "listening PATH", to standard output once the model is loaded,
logs no request, and dies with the process that started it.
"""

import argparse
import ctypes
import os
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1
# llama.cpp's verbosity: 1 is errors only. Higher levels print prompts.
ERRORS_ONLY = 1


def die_with_parent(parent: int) -> None:
    """Asks the kernel for SIGKILL when the parent ends, and covers the race with a parent already gone."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def silence() -> None:
    """Sends standard output and error nowhere: the server's complaints about a request can quote the request."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="GGUF file")
    parser.add_argument("--alias", required=True, help="model name in answers")
    parser.add_argument("--socket", required=True, help="Unix socket path; must end in .sock")
    parser.add_argument("--context", type=int, default=2048, help="tokens of context for each slot")
    parser.add_argument("--slots", type=int, default=4, help="requests decoded together")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-embeddings", action="store_true", help="do not serve /v1/embeddings")
    return parser.parse_args()


def main() -> None:
    parent = os.getppid()
    options = arguments()
    die_with_parent(parent)
    if not options.socket.endswith(".sock"):
        sys.exit("the socket path must end in .sock: llama.cpp takes any other name for a host")

    import xllamacpp as engine

    params = engine.CommonParams()
    params.model.path = options.model
    params.model_alias = {options.alias}
    params.hostnames = [options.socket]
    params.port = 8080  # any port above 0: not used by a Unix socket
    params.n_parallel = options.slots
    params.n_ctx = options.context * options.slots
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.verbosity = ERRORS_ONLY
    params.endpoint_slots = False
    params.endpoint_props = False
    params.endpoint_metrics = True
    params.ui = False
    params.offline = True
    # A request waits for its engine thread while it streams: one for each slot, as many waiting, and some for probes.
    params.n_threads_http = 2 * options.slots + 4
    if not options.no_embeddings:
        # One engine serves both: answers and log-probabilities are the same with embeddings on as without.
        params.embedding = True
        params.pooling_type = engine.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.n_batch = params.n_ubatch = options.context

    os.umask(0o077)
    try:
        os.unlink(options.socket)  # left by an engine that was killed; the folder is the worker's own
    except FileNotFoundError:
        pass
    server = engine.Server(params)
    print(f"listening {options.socket}", flush=True)
    silence()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    # The server's own teardown waits for streams in flight; the worker has already let go of them.
    del server
    os._exit(0)


if __name__ == "__main__":
    main()
