"""Object keys that point elsewhere or nowhere."""

from __future__ import annotations

from runtime.core.errors import InvalidKey, UnknownDataset
from tests.hostile.case import GOOD, GOOD_LINE, Case, Rows, refused
from tests.support.records import HEADER, make_contract

TITLE = "Keys"
PROMISE = "A key in another form than agreed rejects the file, and the key is not used. Unusual but harmless names are accepted."

_BODY = HEADER + GOOD_LINE
_START = "incoming/payments/acme/"


def _good(said: str, key: str) -> Case:
    return Case(said, _BODY, Rows([GOOD]), key=key)


def _invalid(said: str, key: str, *words: str) -> Case:
    return Case(said, _BODY, refused(InvalidKey, *words), key=key)


CASES = (
    _invalid("`..` as partner", "incoming/payments/../secret.csv", "partner '..'"),
    _invalid("`..` in the name", _START + "a/../../../../etc/passwd", "'..' segment"),
    _invalid("`.` in the name", _START + "./day.csv", "'.' or '..' segment"),
    _invalid("`//`", _START + "/day.csv", "an empty"),
    _invalid("`/` at the end, as a folder, of an object with content", _START + "day.csv/", "an empty"),
    _invalid("the folder `incoming/` itself, with content", "incoming/", "an empty"),
    _invalid("no partner between the slashes", "incoming/payments//day.csv", "partner ''"),
    _invalid("a line end", _START + "a\nb.csv", "a control character"),
    _invalid("an escape sequence", _START + "\x1b[2J.csv", "a control character"),
    _invalid("a partner with a blank", "incoming/payments/ac me/day.csv", "partner 'ac me'"),
    _invalid("a partner in another script", "incoming/payments/аcme/day.csv", "partner 'аcme'"),
    _invalid("`%2F` as partner", "incoming/payments/a%2Fb/day.csv", "partner 'a%2Fb'"),
    _invalid("a partner of 65 characters", f"incoming/payments/{'a' * 65}/day.csv", "is not 1 to 64"),
    _invalid("a dataset that is a pattern", "incoming/*/acme/day.csv", "dataset '*'"),
    _good("`%2F` and `%2e%2e` in the name: text, not slashes", _START + "%2e%2e%2Fday.csv"),
    _good("a name in Unicode", _START + "Täglich – 日報 😀.csv"),
    _good("folders in the name", _START + "2026/11/20/day.csv"),
    _good("a name with blanks, quotes and formulas", _START + "=cmd|' /C calc'!A0 \"a\" & b;c.csv"),
    _good("a name that is an option", _START + "--help"),
    _good("a name without `.csv`", _START + "day"),
    _good("a key of 1,024 bytes", _START + "a" * (1024 - len(_START))),
    _good("a key of 1,024 bytes in Unicode", _START + "a" + "日" * ((1023 - len(_START)) // 3)),
    _good("no dataset in the key: the header decides", "incoming/day.csv"),
    Case(
        "a dataset that nobody has agreed",
        _BODY,
        refused(UnknownDataset, "names dataset 'nosuch'", "payments"),
        key="incoming/nosuch/acme/day.csv",
    ),
    Case("no dataset, and a header that fits none", b"a,b\n1,2\n", refused(UnknownDataset, "its header fits none"), key="incoming/day.csv"),
    Case(
        "a partner's file for the system's own dataset: a probe, which reaches no queue and no other dataset",
        _BODY,
        Rows([GOOD]),
        make_contract("_validation"),
        key="incoming/_validation/globex/day.csv",
    ),
    Case(
        "a partner's file for a reserved dataset that is none",
        _BODY,
        refused(UnknownDataset, "names dataset '_payments'"),
        key="incoming/_payments/acme/day.csv",
    ),
)
