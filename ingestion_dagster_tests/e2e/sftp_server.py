"""A real SSH server with SFTP, on loopback: one user, one password, one folder that nobody leaves."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

USER, PASSWORD = "reader", "correct-horse-battery"


@dataclass(frozen=True)
class SftpServer:
    """Where it listens, and the file that vouches for its key."""

    port: int
    folder: Path
    known_hosts: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


class _Doorkeeper(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@contextmanager
def serve(root: Path) -> Iterator[SftpServer]:
    """Serves `root/files` until the end of the block."""
    folder = root / "files"
    (folder / "out").mkdir(parents=True)
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listener = asyncio.run_coroutine_threadsafe(_listen(key, folder), loop).result(20)
    port = listener.get_port()
    known_hosts = root / "known_hosts"
    known_hosts.write_bytes(f"[127.0.0.1]:{port} ".encode() + key.export_public_key())
    try:
        yield SftpServer(port, folder, known_hosts)
    finally:
        asyncio.run_coroutine_threadsafe(_end(listener), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


async def _listen(key: asyncssh.SSHKey, folder: Path) -> asyncssh.SSHAcceptor:
    return await asyncssh.listen(
        "127.0.0.1", 0, server_factory=_Doorkeeper, server_host_keys=[key],
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
    )  # fmt: skip


async def _end(listener: asyncssh.SSHAcceptor) -> None:
    listener.close()
    await listener.wait_closed()
