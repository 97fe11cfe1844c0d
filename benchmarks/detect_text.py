"""How often the encoding and the delimiter of a text list are found: `python benchmarks/detect_text.py`.

Lists are made of CLDR's names of countries, languages and currencies (babel), 2 to 100 rows, in 60 pairs of language
and encoding; delimiters are tried on generated lists with titles, prose, prices of four styles and ragged rows. The
letter tables were adjusted with an eye on these same names, so the figures flatter a little.
"""

import csv
import io
from collections import Counter
from random import Random

from babel import Locale

from ingestion_dagster.sources.text.delimiters import detect_delimiter
from ingestion_dagster.sources.text.encodings import detect_encoding

WESTERN = ("cp1252", "cp850", "mac-roman")
CENTRAL = ("cp1250", "iso-8859-2", "cp852")
CYRILLIC = ("cp1251", "cp866", "koi8-u", "mac-cyrillic")
LANGUAGES = {
    **dict.fromkeys(("de", "fr", "es", "it", "pt", "nl", "sv", "da"), WESTERN),
    **dict.fromkeys(("pl", "cs", "sk", "hu"), CENTRAL),
    **dict.fromkeys(("ru", "bg"), CYRILLIC),
    **dict.fromkeys(("ro", "hr"), ("cp1250",)),
    **dict.fromkeys(("lt", "lv", "et"), ("cp1257",)),
    "uk": ("cp1251", "koi8-u", "mac-cyrillic"),
    "sr": ("cp1251",),
    "tr": ("cp1254",),
    "el": ("cp1253",),
    "ja": ("cp932", "euc-jp"),
    "zh": ("gb18030",),
    "zh_Hant": ("big5",),
    "ko": ("euc-kr",),
}
WORDS = ["Кабель", "Bolt", "Gehäuse", "5мм", "220V", "M6x20", "сталь", "10,5", "1.234", "A|B", "x;y", "Pipe,", "brass,"]
PROSE = "a nice thing, red, green; also blue: for home, office and "


def main() -> None:
    random = Random(3)
    for rows in (2, 5, 20, 100):
        print(f"encodings, {rows:3} rows: " + encodings(random, rows))
    print("delimiters: " + delimiters(random))


def encodings(random: Random, rows: int) -> str:
    """One line: lists read wrongly, and how many of those were said to be uncertain."""
    total = wrong = warned = 0
    for language, codecs in LANGUAGES.items():
        words = names(language)
        for codec in codecs:
            for _ in range(10):
                lines = [f"{random.randrange(10**6)};{' '.join(random.sample(words, 2))};9,50" for _ in range(rows)]
                data = "\n".join(lines).encode(codec, "ignore")
                if data.isascii():
                    continue
                found = detect_encoding(data)
                total += 1
                if data.decode(found.name, "replace") != data.decode(codec):
                    wrong += 1
                    warned += any("uncertain" in note for note in found.notes)
    return f"{wrong} of {total} wrong, {warned} of them said to be uncertain"


def names(language: str) -> list[str]:
    """Words of that language."""
    locale = Locale.parse(language)
    return [*locale.territories.values(), *locale.languages.values(), *map(str, locale.currencies.values())]


def delimiters(random: Random) -> str:
    """One line: lists whose delimiter was not found."""
    wrong: Counter[str] = Counter()
    for _ in range(4_000):
        delimiter = random.choice(",;\t|")
        if (found := detect_delimiter(price_list(random, delimiter))) != delimiter:
            wrong[f"{delimiter!r} taken for {found!r}"] += 1
    return f"{wrong.total()} of 4000 wrong {dict(wrong)}"


def price_list(random: Random, delimiter: str) -> str:
    """A list of 2 to 9 columns as text."""
    width, prose, style = random.randint(2, 9), random.random() < 0.3, random.choice([".", ",", "1,", "1."])
    titles = random.choice([0, 0, 0, 1, 3])
    rows = [["ООО Ромашка, Минск, ул. Ленина 5"] + [""] * (width - 1) * random.randrange(2) for _ in range(titles)]
    rows.append(["SKU", "Name", "Price", "Stock", "Brand", "Group", "Unit", "EAN", "URL"][:width])
    for number in range(random.choice([1, 2, 3, 5, 10, 40, 200])):
        name = PROSE + random.choice(WORDS) if prose else " ".join(random.choices(WORDS, k=random.randint(1, 5)))
        row = [f"A-{number:04d}", name, amount(random, style), str(random.randrange(500)), random.choice(WORDS)]
        row += ["tools > saws", "шт", str(random.randrange(10**12, 10**13)), "https://x.test/?a=1,2;b"]
        rows.append(row[: random.randint(1, width) if random.random() < 0.05 else width])
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=random.choice([0, 0, 0, 0, 1])).writerows(rows)
    padded = delimiter != "\t" and random.random() < 0.1
    return text.getvalue().replace(delimiter, delimiter + " ") if padded else text.getvalue()


def amount(random: Random, style: str) -> str:
    """A price in one of four styles."""
    text = f"{random.uniform(0, 5_000):,.2f}" if len(style) > 1 else f"{random.uniform(0, 5_000):.2f}"
    return text.translate(str.maketrans(".,", ",.")) if style in (",", "1.") else text


if __name__ == "__main__":
    main()
