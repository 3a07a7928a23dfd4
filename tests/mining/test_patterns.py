"""Patterns of bodies: cases as data, and what holds for any bodies."""

from __future__ import annotations

import random
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lognb.mining import guard
from lognb.mining.fingerprint import WORD, levelled, outline
from lognb.mining.headline import LONGEST, headline
from lognb.mining.ids import pattern_id
from lognb.mining.learn import learn
from lognb.mining.mine import Mined, mine
from lognb.mining.outlines import collect, counted
from lognb.mining.patterns import patterns
from lognb.mining.texts import anchored, values
from lognb.mining.tokens import collapsed, tokens
from lognb.mining.words import pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "patterns.toml").read_text("utf-8"))["case"]

# Pieces that meet the masks, the quotes, the lists and each other.
_PIECE = st.sampled_from(
    [
        "took", "user", "ann", "bob", "cyd", "17", "4.5ms", "10.0.0.7:80", "/a/b", "x=1", "x=", "key=ann", '"a b"',
        "'q'",
        "(", ")", ",", ";", "<*>", "<_>", "[]", "true", "a.b.c", "用户9", "-3", "Jan 02 2006", "KB", "⟵", "\t", "\\",
        "naïve", "https://x.y/z?a=1", "Caused by: a.B", "\n", "\x1b[31m", '{"msg":"a 1"}', "{", "}", "\0", "😀", "$1",
    ]
)  # fmt: skip
_BODY = st.one_of(st.none(), st.lists(_PIECE, max_size=9).map(" ".join), st.text(max_size=40))
_BODIES = st.lists(_BODY, min_size=1, max_size=60)


def mined(bodies: Sequence[str | None], parts: int = 1) -> Mined:
    """The patterns of bodies that come in so many batches."""
    column = pl.Series("body", bodies, dtype=pl.String)
    step = max(1, -(-len(column) // parts))
    return mine(lambda: (column[at : at + step] for at in range(0, len(column), step)))


def told(found: Mined) -> list[tuple[str, str, int]]:
    return found.patterns.rows()


def each(found: Mined) -> list[str | None]:
    """The pattern of each body."""
    names = [*found.patterns["pattern"], None]
    return [names[code] for code in found.codes.tolist()]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    found = [f"{n} {text}" for _, text, n in told(mined(case["bodies"]))]
    if case.get("only") == "contains":
        assert set(case["templates"]) <= set(found)
    else:
        assert sorted(found) == sorted(case["templates"])


@settings(max_examples=150, deadline=None)
@given(bodies=_BODIES, seed=st.integers(0, 99), parts=st.sampled_from([1, 2, 7, 40]))
def test_same_ids_texts_and_counts_in_any_order_and_division(bodies: list[str | None], seed: int, parts: int) -> None:
    found = mined(bodies)
    order = random.Random(seed).sample(range(len(bodies)), len(bodies))
    other = mined([bodies[i] for i in order], parts)
    assert told(other) == told(found)
    assert other.aliases == found.aliases
    names = each(found)
    assert each(other) == [names[i] for i in order]
    assert found.patterns["records"].sum() == sum(body is not None for body in bodies)
    assert [name is None for name in names] == [body is None for body in bodies]


@pytest.mark.parametrize("parts", [1, 7, 40])
def test_the_bodies_that_are_looked_at_are_the_same_in_any_order(parts: int) -> None:
    """A word that never varies is shown: whether it does is not told by the bodies that come first."""
    bodies = [f"via ssh{2 if i < 60 else 3} on port {i}" for i in range(100)]
    for some in (bodies, bodies[::-1], random.Random(2).sample(bodies, 100)):
        assert [text for _, text, _ in told(mined(some, parts))] == ["via <*> on port <*>"]
    assert [text for _, text, _ in told(mined(bodies[:60], parts))] == ["via ssh2 on port <*>"]


@settings(max_examples=100, deadline=None)
@given(bodies=_BODIES, parts=st.sampled_from([2, 7, 40]))
def test_outlines_of_parts_add_up(bodies: list[str | None], parts: int) -> None:
    """Each part is read by itself, even by another engine; only outlines and their counts meet."""
    whole = mined(bodies)
    column = pl.Series(bodies, dtype=pl.String)
    step = max(1, -(-len(column) // parts))
    tables = [counted(column[at : at + step]) for at in range(0, len(column), step)]
    merged = patterns(pl.concat(tables)).patterns
    assert merged.select("pattern", "records").rows() == whole.patterns.select("pattern", "records").rows()


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(_BODY.filter(lambda b: b is not None), st.text(max_size=80)))
@example("a1.2:3/4-5_6x")
@example("٣٤x ९ ０")
def test_the_fingerprint_is_the_same_in_duckdb_and_in_polars(text: str) -> None:
    (found,) = duckdb.execute("SELECT regexp_replace($t, $w, '0', 'g')", {"t": text, "w": WORD}).fetchone() or ("",)
    assert outline(pl.Series([text])).item() == found


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.one_of(_BODY.filter(lambda b: b is not None), st.text("١1207ab_ é.", max_size=9)), max_size=9))
def test_headlines_that_are_level_have_one_outline(texts: list[str]) -> None:
    column = pl.Series(texts, dtype=pl.String)
    found = pl.DataFrame({"hash": levelled(column), "outline": outline(column)}).unique()
    assert found["hash"].n_unique() == found.height
    digits = pl.Series([re.sub("[0-9]", "7", text) for text in texts], dtype=pl.String)
    assert levelled(digits).to_list() == levelled(column).to_list()


@settings(max_examples=300, deadline=None)
@given(
    template=st.lists(st.sampled_from(["<*>", "a", "ab", " ", ":", "b "]), max_size=7)
    .map("".join)
    .filter(lambda t: "<*>" in t),
    lines=st.lists(st.text("ab :\t", max_size=12), max_size=5),
)
@example("a<*>a", ["a", "aa"])
@example("<*> a <*> a", ["b a a a a", "b  a\ta a"])
def test_slots_are_those_of_the_expression(template: str, lines: list[str]) -> None:
    found = values(template, pl.Series(lines, dtype=pl.String))
    same = re.compile(anchored(template))
    assert found == [match.groups() if (match := same.match(line)) else None for line in lines]


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text("ab é=\n", max_size=9), max_size=9), gone=st.sampled_from(["a", "b", "ab", "é"]))
def test_words_are_what_lies_between_separators(texts: list[str], gone: str) -> None:
    (wanted,) = next(pieces(pl.Series([gone]))).hashes
    found = [
        line
        for part in pieces(pl.Series(texts, dtype=pl.String))
        for line in part.without(part.hashes == wanted, "<*>")
    ]
    assert found == [re.sub(rf"(?<![^ =\n]){gone}(?![^ =\n])", "<*>", text) for text in texts]


def test_ids_are_of_the_key_and_stay() -> None:
    """Links name them: when this fails, ids.VERSION has to change, and old ids need an alias."""
    (row,) = mined(["order 7 failed: loyalty:8443 did not answer within 4000 ms"]).patterns.rows()
    key = ("order", "<*>", "failed", ":", "loyalty", ":", "<*>", "did", "not", "answer", "within", "<*>")
    assert row[0] == pattern_id(key)
    assert row[0] == "d0d0b82654ee0725"


def test_an_id_of_fewer_records_is_an_alias_once_more_show_that_a_word_varies() -> None:
    (one,) = mined(["user ann left"]).patterns["pattern"]
    many = mined([f"user {name} left" for name in ("ann", "bob", "cyd")])
    assert many.aliases[one] == many.patterns["pattern"].item()


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60))
def test_tokens_leave_nothing_out(text: str) -> None:
    parts, glued = tokens(text)
    assert "".join(parts).replace(" ", "") == "".join(text.split())
    assert len(parts) == len(glued)
    assert collapsed(list(collapsed(parts))) == collapsed(parts)


def test_learning_does_not_look_at_order() -> None:
    keys = [collapsed(tokens(f"{verb} of {name} done")[0]) for verb in ("login", "logout") for name in "abcdefghij"]
    numbers = list(range(1, len(keys) + 1))
    ends = dict(zip(keys, (road[-1] for road in learn(keys, numbers)), strict=True))
    pairs = list(zip(keys, numbers, strict=True))
    random.Random(4).shuffle(pairs)
    again = dict(zip((k for k, _ in pairs), (r[-1] for r in learn(*map(list, zip(*pairs, strict=True)))), strict=True))
    assert again == ends
    assert set(ends.values()) == {("login", "of", "<*>", "done"), ("logout", "of", "<*>", "done")}


def test_a_body_of_a_megabyte_is_its_beginning() -> None:
    big = "x" * 1_000_000
    bodies = [
        f"start 7 {big}",
        f"start 9 {big}",
        "y " * 500_000,
        '{"a": "' + big + '", "msg": "small 7"}',
        big + "\n" + big,
    ]
    assert max(map(len, headline(pl.Series(bodies)))) == LONGEST
    texts = [text for _, text, _ in told(mined(bodies))]
    assert "small <*>" in texts
    assert len(texts) == 4


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard at 200 texts, so that an explosion is quick."""
    for module in ("guard", "outlines", "patterns"):
        monkeypatch.setattr(f"lognb.mining.{module}.HELD", 200)


def exploding(n: int, seed: int = 1) -> list[str]:
    """Messages with words by chance, and one that is said once."""
    r = random.Random(seed)

    def word() -> str:
        return "".join(r.choices("abcdefghijklmnopqrstuvwxyz", k=8))

    kinds = [
        lambda: f"search {word()} {word()} found nothing", lambda: f"user {word()} bought: {word()}, thanks",
        lambda: f"{word()} rejected by policy {word()}", lambda: f"heartbeat ok {r.randint(1, 999)}",
    ]  # fmt: skip
    return [*(kinds[i % 4]() for i in range(n)), "kernel panic: not syncing"]


EXPLODED = {
    "search <*> found nothing", "user <*> bought: <*>, thanks", "<*> rejected by policy <*>", "heartbeat ok <*>",
    "kernel panic: not syncing",
}  # fmt: skip


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("parts", [1, 7, 40])
def test_words_by_chance_become_slots_and_a_rare_message_stays(parts: int) -> None:
    bodies = exploding(4000)
    random.Random(parts).shuffle(bodies)
    found = mined(bodies, parts)
    assert {text for _, text, _ in told(found)} == EXPLODED
    assert found.patterns["records"].to_list() == [1000] * 4 + [1]
    assert told(found) == told(mined(sorted(bodies)))


@pytest.mark.usefixtures("small")
def test_guarded_outlines_are_those_of_the_merged_table() -> None:
    """A stream is guarded while it is read, tables of parts when they meet: the same words go."""
    bodies = exploding(3000, seed=5)
    table = counted(pl.Series(bodies))
    merged = patterns(table).patterns.select("pattern", "records").rows()
    assert merged == mined(bodies, 9).patterns.select("pattern", "records").rows()


@pytest.mark.slow
def test_a_million_words_by_chance() -> None:
    found = mined(exploding(500_000), 4)
    assert {text for _, text, _ in told(found)} == EXPLODED


def test_the_guard_counts_words_by_record() -> None:
    words = guard.Words()
    words.add(pl.Series(["a b", "b c"]), pl.Series([3, 2], dtype=pl.UInt64))
    words.add(pl.Series(["b"]), pl.Series([1], dtype=pl.UInt64))
    [found] = pieces(pl.Series(["a b", "c d"]))
    assert words.of(found.hashes).tolist() == [3, 6, 2, 0]


def test_a_stream_without_a_body_has_no_pattern() -> None:
    found = collect(lambda: iter([pl.Series([None, None], dtype=pl.String)]))
    assert found.table.height == 0
    assert mined([None]).codes.tolist() == [0]
    assert mined([]).codes.tolist() == []
    assert np.issubdtype(mined([]).codes.dtype, np.unsignedinteger)
