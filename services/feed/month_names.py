"""Names of the months that Babel does not know, by language; the spelling a general newspaper would use.

Islamic years begin with Muharram, Persian with Farvardin, Hebrew with Tishri. The Hebrew table has fourteen
names: after Shevat come Adar (common years), Adar I and Adar II (leap years), then Nisan.
"""
# ruff: noqa: E501 - one language, one line

from __future__ import annotations

_ISLAMIC = {
    "en": "Muharram|Safar|Rabi al-Awwal|Rabi al-Thani|Jumada al-Awwal|Jumada al-Thani|Rajab|Shaban|Ramadan|Shawwal|Dhu al-Qadah|Dhu al-Hijjah",
    "tr": "Muharrem|Safer|Rebiülevvel|Rebiülahir|Cemaziyelevvel|Cemaziyelahir|Recep|Şaban|Ramazan|Şevval|Zilkade|Zilhicce",
    "ar": "محرم|صفر|ربيع الأول|ربيع الآخر|جمادى الأولى|جمادى الآخرة|رجب|شعبان|رمضان|شوال|ذو القعدة|ذو الحجة",
    "fa": "محرم|صفر|ربیع‌الاول|ربیع‌الثانی|جمادی‌الاول|جمادی‌الثانی|رجب|شعبان|رمضان|شوال|ذیقعده|ذیحجه",
    "he": "מוחרם|צפר|רביע אל-אוול|רביע א-ת׳אני|ג׳ומאדא אל-אולא|ג׳ומאדא א-ת׳אניה|רג׳ב|שעבאן|רמדאן|שוואל|ד׳ו אל-קעדה|ד׳ו אל-חיג׳ה",
    "zh": "穆哈兰姆月|色法尔月|赖比尔·敖外鲁月|赖比尔·阿色尼月|主马达·敖外鲁月|主马达·阿色尼月|赖哲卜月|舍尔邦月|赖买丹月|闪瓦鲁月|都尔喀尔德月|都尔黑哲月",
    "ru": "мухаррам|сафар|раби-уль-авваль|раби-уль-ахир|джумад-уль-авваль|джумад-уль-ахир|раджаб|шаабан|рамадан|шавваль|зуль-каада|зуль-хиджжа",
    "fr": "mouharram|safar|rabia al awal|rabia ath-thani|joumada al oula|joumada ath-thania|rajab|chaabane|ramadan|chawwal|dhou al qida|dhou al-hijja",
    "de": "Muharram|Safar|Rabi al-Auwal|Rabi ath-Thani|Dschumada al-Ula|Dschumada ath-Thaniya|Radschab|Schaban|Ramadan|Schawwal|Dhu l-Qada|Dhu l-Hiddscha",
    "th": "มุฮัรรอม|เศาะฟัร|เราะบีอุลเอาวัล|เราะบีอุษษานี|ญุมาดัลอูลา|ญุมาดัษษานียะฮ์|เราะญับ|ชะอ์บาน|เราะมะฎอน|เชาวาล|ซุลกิอ์ดะฮ์|ซุลฮิจญะฮ์",
}

_PERSIAN = {
    "en": "Farvardin|Ordibehesht|Khordad|Tir|Mordad|Shahrivar|Mehr|Aban|Azar|Dey|Bahman|Esfand",
    "tr": "Ferverdin|Ordibeheşt|Hordad|Tir|Mordad|Şehriver|Mehr|Aban|Azer|Dey|Behmen|Esfend",
    "ar": "فروردين|أرديبهشت|خرداد|تير|مرداد|شهريور|مهر|آبان|آذر|دي|بهمن|إسفند",
    "fa": "فروردین|اردیبهشت|خرداد|تیر|مرداد|شهریور|مهر|آبان|آذر|دی|بهمن|اسفند",
    "he": "פרורדין|ארדיבהשת|ח׳רדאד|תיר|מרדאד|שהריור|מהר|אבאן|אד׳ר|די|בהמן|אספנד",
    "zh": "法尔瓦尔丁月|奥尔迪贝赫什特月|霍尔达德月|提尔月|莫尔达德月|沙赫里瓦尔月|梅赫尔月|阿班月|阿扎尔月|代月|巴赫曼月|埃斯凡德月",
    "ru": "фарвардин|ордибехешт|хордад|тир|мордад|шахривер|мехр|абан|азер|дей|бахман|эсфанд",
    "fr": "farvardin|ordibehesht|khordad|tir|mordad|chahrivar|mehr|aban|azar|dey|bahman|esfand",
    "de": "Farwardin|Ordibehescht|Chordad|Tir|Mordad|Schahriwar|Mehr|Aban|Asar|Dei|Bahman|Esfand",
    "th": "ฟาร์วาร์ดิน|ออร์ดิเบเฮชต์|คอร์แดด|เตอร์|มอร์แดด|ชาหริวาร์|เมฮร์|อะบาน|อะซาร์|เดย์|บาฮ์มาน|เอสฟานด์",
}

_HEBREW = {
    "en": "Tishri|Heshvan|Kislev|Tevet|Shevat|Adar|Adar I|Adar II|Nisan|Iyar|Sivan|Tamuz|Av|Elul",
    "tr": "Tişri|Heşvan|Kislev|Tevet|Şevat|Adar|Adar I|Adar II|Nisan|İyar|Sivan|Tamuz|Av|Elul",
    "ar": "تشري|مرحشوان|كسلو|طيبت|شباط|آذار|آذار الأول|آذار الثاني|نيسان|أيار|سيوان|تموز|آب|أيلول",
    "fa": "تشری|حشوان|کسلو|طوت|شواط|آدار|آدار اول|آدار دوم|نیسان|ایار|سیوان|تموز|آو|ایلول",
    "he": "תשרי|חשוון|כסלו|טבת|שבט|אדר|אדר א׳|אדר ב׳|ניסן|אייר|סיוון|תמוז|אב|אלול",
    "zh": "提斯利月|玛西班月|基斯流月|提别月|细罢特月|亚达月|亚达月 I|亚达月 II|尼散月|以珥月|西弯月|搭模斯月|埃波月|以禄月",
    "ru": "тишрей|хешван|кислев|тевет|шеват|адар|адар I|адар II|нисан|ияр|сиван|таммуз|ав|элул",
    "fr": "tichri|hechvan|kislev|téveth|chevat|adar|adar I|adar II|nissan|iyar|sivan|tamouz|av|éloul",
    "de": "Tischri|Cheschwan|Kislew|Tevet|Schevat|Adar|Adar I|Adar II|Nisan|Ijjar|Siwan|Tammus|Aw|Elul",
    "th": "ทิชรี|เฮวาน|กีสเลฟ|เตเวต|เชวัต|อาดาร์|อาดาร์ I|อาดาร์ II|นิสซาน|อิยาร์|สีวัน|ตามูซ|อัฟ|เอลอุล",
}

MONTH_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    calendar: {language: tuple(names.split("|")) for language, names in table.items()}
    for calendar, table in (("islamic-umalqura", _ISLAMIC), ("persian", _PERSIAN), ("hebrew", _HEBREW))
}
