"""TCP ports on the loopback interface."""

import socket

HOST = "127.0.0.1"


def port_free(port: int, host: str = HOST) -> bool:
    """True if a server could listen there now. Another process may still take it first."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def answers(port: int, host: str = HOST) -> bool:
    """True if something accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def choose_port(preferred: int | None = None) -> int:
    """The preferred port if it is free, so that addresses survive a restart; otherwise any free one."""
    if preferred and port_free(preferred):
        return preferred
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
