"""What the report's code says in each language: the words around numbers, figures, tables and cards, and the parts of sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

from paliflow.errors import InputError
from paliflow.report.markdown import NO_BREAK_SPACE
from paliflow.report.names import NAMES, PERSIAN_NAMES


@dataclass(frozen=True)
class Words:
    """One language. Texts with {fields} are filled in by the code; what a field stands for is named as in `sentences`.

    Attributes:
        language: its code in the config, in HTML and in typst; its templates stand in the folder of that name, English ones above.
        direction: of its script, "ltr" or "rtl".
        title: the report's, where the config leaves it open.
        names: what the names in settings and files are called in print.
        page: words of the page itself, handed to report.html and report.typ by these names.
    """

    language: str
    direction: str
    folder: str
    title: str
    names: Mapping[str, str]
    page: Mapping[str, str]

    figure: str
    table: str
    item: str
    data: str
    comma: str
    and_last: str
    range: str
    signed_range: str

    answered_in: str
    subject: str
    evidence: str
    marks: str

    scene: str
    reference: str
    before: str
    after: str
    empty: str
    right: str
    wrong: str

    points: str
    above: str
    below: str
    equal: str
    is_above: str
    is_below: str
    is_level: str
    less_than: str
    touch: str
    apart: str
    and_intervals: str
    zero_inside: str
    is_nearer: str
    is_farther: str
    unsurely_nearer: str
    unsurely_farther: str


ENGLISH = Words(
    language="en",
    direction="ltr",
    folder="",
    title="Fine-tuning a vision-language model, and flow matching with optimal transport",
    names=NAMES,
    page={
        "contents": "Contents",
        "skip": "Skip to the text",
        "enlarge": "Enlarge",
        "close": "Close",
        "sort": "Click to sort",
        "page": ", p.",
    },
    figure="Figure",
    table="Table",
    item="item",
    data="Data:",
    comma=", ",
    and_last=" and ",
    range="{low}–{high}",
    signed_range="{low} to {high}",
    answered_in="Answered in",
    subject="Subject",
    evidence="Evidence",
    marks="Marks",
    scene="Scene",
    reference="Reference",
    before="Before",
    after="After",
    empty="(empty)",
    right="right",
    wrong="wrong",
    points="{number}\u00a0points",
    above="above",
    below="below",
    equal="equal to",
    is_above="is {size} above {what}",
    is_below="is {size} below {what}",
    is_level="is level with {what}",
    less_than="less than {size}",
    touch="overlap",
    apart="do not touch",
    and_intervals=", and the intervals {relation}",
    zero_inside="; zero lies in the interval",
    is_nearer="is nearer by {size} ({ends})",
    is_farther="is farther by {size} ({ends})",
    unsurely_nearer="is nearer by {size}, which its interval ({ends}) does not tell from zero",
    unsurely_farther="is farther by {size}, which its interval ({ends}) does not tell from zero",
)

PERSIAN = Words(
    language="fa",
    direction="rtl",
    folder="fa/",
    title="تنظیم دقیق یک مدل بینایی–زبان، و تطبیق جریان با انتقال بهینه",
    names=PERSIAN_NAMES,
    page={
        "contents": "فهرست مطالب",
        "skip": "رفتن به متن",
        "enlarge": "بزرگ‌نمایی",
        "close": "بستن",
        "sort": "برای مرتب‌سازی کلیک کنید",
        "page": "، ص",
    },
    figure="شکل",
    table="جدول",
    item="بند",
    data="داده‌ها:",
    comma="، ",
    and_last=" و ",
    range=f"{{low}}{NO_BREAK_SPACE}تا{NO_BREAK_SPACE}{{high}}",
    signed_range=f"{{low}}{NO_BREAK_SPACE}تا{NO_BREAK_SPACE}{{high}}",
    answered_in="محل پاسخ",
    subject="موضوع",
    evidence="شواهد",
    marks="نمره",
    scene="صحنهٔ",
    reference="پاسخ مرجع",
    before="پیش از تنظیم",
    after="پس از تنظیم",
    empty="(خالی)",
    right="درست",
    wrong="نادرست",
    points="{number}\u00a0واحد درصد",
    above="بالاتر از",
    below="پایین‌تر از",
    equal="برابر با",
    is_above="{size} بالاتر از {what} است",
    is_below="{size} پایین‌تر از {what} است",
    is_level="هم‌تراز با {what} است",
    less_than="کمتر از {size}",
    touch="هم‌پوشانی دارند",
    apart="هم‌پوشانی ندارند",
    and_intervals=" و بازه‌ها {relation}",
    zero_inside="؛ صفر درون بازه است",
    is_nearer="به اندازهٔ {size} ({ends}) نزدیک‌تر است",
    is_farther="به اندازهٔ {size} ({ends}) دورتر است",
    unsurely_nearer="به اندازهٔ {size} نزدیک‌تر است، اما بازهٔ آن ({ends}) این مقدار را از صفر متمایز نمی‌کند",
    unsurely_farther="به اندازهٔ {size} دورتر است، اما بازهٔ آن ({ends}) این مقدار را از صفر متمایز نمی‌کند",
)

LANGUAGES = {words.language: words for words in (ENGLISH, PERSIAN)}


def words_of(language: str) -> Words:
    """The words of a language by its code.

    Raises:
        InputError: the report does not speak it.
    """
    if language not in LANGUAGES:
        raise InputError(f"config: report.language is '{language}': the report is written in one of {', '.join(LANGUAGES)}.")
    return LANGUAGES[language]
