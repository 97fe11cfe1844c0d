"""The words that a registry sheet may use: names of its columns, yes and no. Data only. What formats are called
is said by the source types."""

from typing import Final

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "key": ("key", "supplier key", "id", "ключ", "код поставщика", "schlüssel"),
    "name": ("name", "supplier", "supplier name", "поставщик", "название", "наименование", "lieferant"),
    "url": ("url", "link", "source", "sheet", "sheet url", "file", "ссылка", "источник", "файл", "quelle"),
    "format": ("format", "type", "формат", "тип", "typ"),
    "active": ("active", "enabled", "status", "активен", "активный", "статус", "aktiv"),
    "notes": ("notes", "note", "comment", "примечание", "комментарий", "заметки", "notizen"),
    "tab": ("tab", "sheet name", "worksheet", "лист", "вкладка", "blatt"),
    "email": ("email", "e-mail", "contact", "contact email", "почта", "контакт", "kontakt"),
    "settings": ("settings", "options", "настройки", "einstellungen"),
}
"""What each column may be called. Any other column is ignored, except one named like a supplier's setting."""

YES: Final = frozenset(
    {"", "yes", "y", "true", "1", "on", "active", "x", "да", "активен", "ja", "aktiv", "✓", "истина"}
)
NO: Final = frozenset(
    {"no", "n", "false", "0", "off", "inactive", "paused", "-", "нет", "неактивен", "пауза", "nein", "inaktiv", "ложь"}
)
SETTINGS: Final = (
    "header_row",
    "data_start_row",
    "currency",
    "decimal",
    "encoding",
    "delimiter",
    "price_scale",
    "price_scale_policy",
    "zero_price",
    "duplicates",
    "language",
)
