"""How often letters occur beyond ASCII, per language and encoding: data for `encodings.py`, no decisions here.

Letters stand in falling order of frequency in running text; the order is what is used, not exact shares.
"""

SYMBOLS = "\xa0–’°«»“”№„…€®™×Øø²•±—½‘³µ§©·£¼¾¿¡´¨"
"""Signs that stand beside words in price lists of any language."""

LETTERS = {
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "uk": "оанитіверслкдмупязьгбчхжйшїюєцщфґ",
    "bg": "аиоентрсвлкдпмъзгубячщжйцшхюьф",
    "sr": "аиоенстрвкдмлупјгзчбшцњћхжљђфџ",
    "de": "üäößé",
    "fr": "éèàêçôûîâïùœëæ",
    "es": "óáíéñúü",
    "it": "àèòùìé",
    "pt": "ãçáéóíêõâúàôü",
    "nl": "ëéïöèêá",
    "nordic": "åäöøæé",
    "pl": "łąęóżśćńź",
    "cs": "íáéěřýžšůčúťňóďľĺŕäô",
    "hu": "áéöóőüíúű",
    "hr": "čšžćđ",
    "tr": "ıüşğçöİâ",
    "ro": "ăîâșțşţ",
    "el": "αοιετσνηυρπκμλςόίάγέήδθωύφχώβξζψ",
    "lt": "ėšžįųūčęą",
    "lv": "āīēšņļžūģčķ",
    "et": "äõüöšž",
    "zh": "的一大中不小色型号名价格数量单位元包装白黑机品件套加水电器线材质规产编码货有现新批发含税厂供应商备注",
    "ja": "品商番名価格数量在庫円税込単位用本個入型式色白黒新",
    "ko": "",
}

OTHER_SCRIPTS = {"ru", "uk", "bg", "sr", "el"}
"""Languages whose words do not mix with ASCII letters."""

ENCODINGS: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("cp1252", 0.0, ("de", "fr", "es", "it", "pt", "nl", "nordic", "et")),
    ("cp1251", -0.5, ("ru", "uk", "bg", "sr")),
    ("cp1250", -1.0, ("pl", "cs", "hu", "ro", "de", "hr")),
    ("cp1254", -1.5, ("tr",)),
    ("cp1253", -2.0, ("el",)),
    ("cp1257", -3.0, ("lt", "lv", "et")),
    ("iso-8859-2", -3.0, ("pl", "cs", "hu", "ro", "hr")),
    ("cp850", -2.0, ("de", "fr", "es", "it", "pt", "nl", "nordic")),
    ("cp852", -2.5, ("pl", "cs", "hu", "hr")),
    ("cp857", -4.0, ("tr",)),
    ("cp866", -1.5, ("ru", "uk")),
    ("koi8-u", -2.5, ("ru", "uk")),
    ("mac-cyrillic", -4.0, ("ru", "uk")),
    ("mac-roman", -3.0, ("de", "fr", "es", "it", "pt", "nl", "nordic")),
    ("mac-latin2", -5.0, ("pl", "cs", "hu")),
    ("iso-8859-5", -5.0, ("ru", "uk")),
    ("cp932", -1.0, ("ja",)),
    ("gb18030", -1.0, ("zh",)),
    ("big5", -2.0, ("zh",)),
    ("euc-jp", -3.0, ("ja",)),
    ("euc-kr", -2.0, ("ko",)),
)
"""(encoding, log prior, languages written in it). The priors only decide where the bytes say almost nothing."""
