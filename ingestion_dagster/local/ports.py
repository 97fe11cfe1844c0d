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


def taken_by(port: int) -> str:
    """Who listens on the port, in words: a program with its process id where the system tells."""
    import psutil

    try:
        listening = [
            one.pid for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.laddr.port == port
        ]
        pid = next(pid for pid in listening if pid is not None)
        return f"{psutil.Process(pid).name()} (process {pid})"
    except (psutil.Error, OSError, StopIteration):
        return "another program"


def next_free_port(port: int) -> int:
    """The first free one after `port`; any free one where there is none near it."""
    near = range(port + 1, min(port + 100, 65536))
    return next((number for number in near if port_free(number)), None) or choose_port()
