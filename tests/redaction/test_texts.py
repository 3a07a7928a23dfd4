"""Texts: what must be found is found, what must stay stays, and what comes out is of the shape of what went in."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planting import KINDS, Draw, ordinary, planted, quote
from planting import settings as records

from lognb.errors import LognbError
from lognb.redaction import Redaction, Redactor
from lognb.redaction.pseudonyms import Pseudonyms, canonical

if TYPE_CHECKING:
    from pathlib import Path

    from planting import Planted


def test_planted_secrets_are_found_wherever_they_stand(secrets: list[Planted]) -> None:
    hide, draw = Redactor(key=b"k"), Draw(1)
    missed: Counter[tuple[str, str]] = Counter()
    texts = 0
    for i, one in enumerate(secrets):
        places = list(records(draw, one))
        for place, text in (places[i % len(places)], places[(i // 7) % len(places)]):
            texts += 1
            made = hide.text(text)
            written = {one.value, json.dumps(one.value)[1:-1], quote(one.value, safe="")}
            missed[one.kind, place] += any(form in made for form in written)
            assert i % 5 or hide.text(made) == made
            if place.startswith(("json", "attribute")) and place != "json in a line":
                json.loads(made)
    assert len(KINDS) >= 30
    assert missed.total() <= 0.01 * texts, missed.most_common(5)


def test_ordinary_values_stay() -> None:
    hide = Redactor(key=b"k")
    values = lost = 0
    for text, held in ordinary(600):
        made = hide.text(text)
        values += len(held)
        lost += sum(value not in made for value in held)
    assert values > 2_000
    assert lost <= 0.01 * values


@pytest.mark.realworld
def test_lines_of_real_logs_stay_but_for_addresses(realworld: Path) -> None:
    hide = Redactor([*Redaction().kinds - {"ip", "user"}], key=b"k")
    words = lost = 0
    for file in sorted((realworld / "loghub").glob("*.csv")):
        for line in pl.read_csv(file, infer_schema=False)["Content"].drop_nulls().to_list():
            words += len(line.split())
            lost += sum(a != b for a, b in zip(line.split(), hide.text(line).split(), strict=False))
    assert words > 100_000
    assert lost <= 0.001 * words


def test_a_value_has_one_pseudonym_however_it_is_written() -> None:
    hide = Redactor(key=b"k")
    mail = "jo.o'hara+1@cart.example"
    shown = hide.text(mail)
    assert shown.endswith(".invalid")
    assert hide.text(f"x={quote(mail, safe='')}&y") == f"x={quote(shown, safe='')}&y"
    assert hide.text(json.dumps({"a": mail, "b": json.dumps({"c": mail})})).count(shown) == 2
    assert hide.text("to=" + mail.upper()) == "to=" + shown
    plain, spaced = hide.text("+442079460958"), hide.text("call +44 20 7946 0958 now")
    assert spaced.removeprefix("call ").removesuffix(" now").replace(" ", "") == plain
    password = 'p"q\\r9s'
    assert hide.value({"password": password})["password"] in hide.text(json.dumps({"password": password}))


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("ann@cart.example", r"[a-z][a-z0-9]{7}@[a-z0-9]{5}\.invalid"),
        ("10.20.30.40", r"2\d\d\.\d+\.\d+\.\d+"),
        ("2001:db8::17", r"3fff:[0-9a-f:]+"),
        ("sk_" + "live_abcDEF123456", r"sk_live_[a-z]{3}[A-Z]{3}\d{6}"),
        ("0190b0a1-5122-7572-9b3c-72085632cc8b", r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12}"),
        ("deadbeef00", r"[0-9a-f]{10}"),
        ("984201", r"\d{8}"),
        ("u-24", r"u-\d{8}"),
        ("Ann Lee", r"[A-Z][a-z]{2} [A-Z][a-z]{4,}"),
        ('a"b<c>%d', r"[A-Za-z0-9_]+"),
    ],
)
def test_a_pseudonym_has_the_shape_of_its_value(value: str, shape: str) -> None:
    names = Pseudonyms(b"k")
    made = names.of(canonical(value))
    assert pl.Series([made]).str.contains(f"^(?:{shape})$").item()
    assert made != value
    assert names.of(canonical(value)) == made
    assert Pseudonyms(b"other").of(canonical(value)) != made


def test_short_values_do_not_share_pseudonyms() -> None:
    names = Pseudonyms(b"k")
    values = [f"u-{i}" for i in range(3_000)] + [str(i) for i in range(3_000)]
    made = {names.of(v) for v in values}
    assert len(made) == len(values)
    assert not made & set(values)


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("login user=ann.lee password=hunter22x", "login user="),
        ("GET /a?user=%27%20OR%20%271%27=%271 HTTP/1.1", "GET /a?user=%27%20OR%20%271%27=%271 HTTP/1.1"),
        ('{"password":{"old":"abc","new":"def"},"n":1.50,"n":1.50}', '"n":1.50,"n":1.50}'),
        ('{"headers":{"authorization":["Bearer abcdef"],"x":"1"}}', '"x":"1"}}'),
        ("Server=db;User Id=shopper;Password=x y!z;Pooling=true", "Server=db;User Id="),
        ("<user><password>abc</password></user>", "<user><password>"),
        ("mysql --password hunter2 -u root", " -u root"),
        ("Set-Cookie: a=bcd; Path=/; Expires=Wed", "; Path=/; Expires=Wed"),
        ("Authorization: Digest username=ann, realm=shop, response=abc", "realm=shop"),
    ],
)
def test_what_stands_beside_a_secret_stays(text: str, stays: str) -> None:
    assert stays in Redactor(key=b"k").text(text)


def test_secrets_by_key_are_hidden_in_what_stands_below_the_key() -> None:
    hide = Redactor(key=b"k")
    made = hide.value({
        "password": {"old": "abcx", "deep": [{"new": "defx"}]}, "cookies": {"sid": "ghix"}, "otp": 4711,
        "user": {"name": "Ann Lee", "id": 42, "plan": "pro"}, "card": 4_000_000_000_000_002, "tokens": 12,
        "a@b.example": True,
    })  # fmt: skip
    text = json.dumps(made)
    for gone in ("abcx", "defx", "ghix", "Ann", "4711", "4000000000000002", "a@b"):
        assert gone not in text
    assert made["user"]["plan"] == "pro"
    assert made["tokens"] == 12
    assert isinstance(made["card"], int)


def test_what_is_learnt_is_hidden_as_whole_words_wherever_it_stands() -> None:
    hide = Redactor(key=b"k")
    attributes = [json.dumps({"user.full_name": "Ann Lee-Ström"}), "{}", "{}"]
    hide.learn(pl.DataFrame({"user_id": ["u-7", "beatrix", "1042"], "attributes": attributes}))
    made = hide.text(
        'u-7 and Beatrix wrote to Ann Lee-Ström (ann%20lee-str%C3%B6m); beatrixes u-77 1042 {"x":"Ann Lee-Str\\u00f6m"}'
    )
    assert "u-7 " not in made
    assert "beatrix " not in made.lower()
    assert "lee" not in made.lower()
    assert "beatrixes u-77 1042" in made
    hide.learn(pl.DataFrame({"body": ["called with Bearer 8fJq2mN4xYz7KpLw", "password=plain"]}))
    alone = "slots: 8fJq2mN4xYz7KpLw, plain"  # as among the values of a slot of a pattern
    assert hide.text(alone).endswith(", plain")
    assert "8fJq2mN4xYz7KpLw" not in hide.text(alone)


def test_letters_that_become_two_in_lower_case_defeat_nothing() -> None:
    hide = Redactor(key=b"k")
    frame = pl.DataFrame({"user_id": ["Beatrix99", "İbrahim77", "ŞÖÜĞÇ"]})
    hide.learn(frame)
    text = "İ login of beatrix99 and İbrahim77, not beatrix991; şöüğç"
    for made in (hide.text(text), hide.frame(pl.DataFrame({"body": [text]}))["body"][0]):
        assert "beatrix99 " not in made
        assert "brahim77" not in made
        assert "şöüğç" not in made
        assert "not beatrix991" in made


def test_rules_say_what_is_hidden() -> None:
    text = "ann@cart.example 10.20.30.40 127.0.0.1 order-4711 tenant=blue"
    assert Redactor(False).text(text) == text
    assert "10.20.30.40" in Redactor(["email"]).text(text)
    assert "ann@" in Redactor(["-email"]).text(text)
    assert "127.0.0.1" not in Redactor(["+local ip"]).text(text)
    own = Redactor(Redaction(patterns={"order": r"order-(\d+)"}, fields=["tenant"], keep=["ann@cart.example"]))
    made = own.text(text)
    assert made.startswith("ann@cart.example ")
    assert "4711" not in made
    assert "blue" not in made
    assert own.audit()["kind"].to_list() == ["field", "ip", "order"]
    with pytest.raises(LognbError, match="did you mean 'email'"):
        Redaction.of(["emails"])
    for none in (None, 3, [3]):
        with pytest.raises(LognbError, match="say True, False"):
            Redaction.of(none)  # type: ignore[arg-type]
    with pytest.raises(LognbError, match="'bad'"):
        Redaction(patterns={"bad": "("})


_SECRETS = [one.text() for one in planted(98, seed=11)]
_TEXT = st.lists(
    st.one_of(st.sampled_from(_SECRETS), st.text(max_size=12), st.sampled_from(list('"\\%&=:;,{}[]@+- \n')))
)
_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63),
        st.floats(allow_nan=False, allow_infinity=False),
        _TEXT.map("".join),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["password", "user", "name", "id", "a b", "cookie", "note", "x@y.example"]),
            inner,
            max_size=4,
        ),
        inner.map(lambda v: json.dumps(v, ensure_ascii=False)),
    ),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(value=_JSON, parts=_TEXT)
def test_json_stays_json_and_nothing_is_redacted_twice(value: Any, parts: list[str]) -> None:
    hide = Redactor(key=b"k")
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False), "".join(parts)):
        made = hide.text(text)
        assert hide.text(made) == made
        assert Redactor(key=b"k").text(text) == made
    made = hide.value(value)
    again = json.loads(hide.text(json.dumps(value)))
    assert _shape(again) == _shape(json.loads(json.dumps(value)))
    assert _shape(made) == _shape(value)
    assert hide.value(made) == made


def _shape(value: Any) -> Any:
    """What of a value redaction leaves: its kinds, and how many there are of each."""
    if isinstance(value, dict):
        return sorted(str(_shape(v)) for v in value.values())
    if isinstance(value, list):
        return [_shape(v) for v in value]
    return type(value).__name__
