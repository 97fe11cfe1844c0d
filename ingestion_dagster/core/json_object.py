"""JSON whose content is not named here: a supplier's source and settings, the cells of a row, a mapping as it was kept.
What has fields that are known is a type of its own, not this.
"""

from collections.abc import Mapping
from typing import Any

JsonObject = Mapping[str, Any]
