"""What a person has to do about an error of the file system, in words. Touches no file."""

import errno
from typing import Final

_ADVICE: Final = {
    errno.ENOSPC: "the disk is full: free some space there",
    errno.EDQUOT: "the quota is used up: free some space there",
    errno.EROFS: "the file system is read-only: mount it writable",
    errno.EACCES: "this user may not do that: change the permissions",
    errno.EPERM: "this user may not do that: change the permissions",
}


def advice(error: OSError) -> str | None:
    """What is the matter and what helps, None for what a person cannot mend like that."""
    return _ADVICE.get(error.errno or 0)


def in_words(error: OSError) -> str:
    """The same, or what the system says."""
    return advice(error) or error.strerror or str(error) or type(error).__name__
