"""What a mark says of itself is its tooltip, whatever characters stand in it."""

from __future__ import annotations

from xml.etree import ElementTree

import altair as alt

from lognb.charts.pointed import svg


def test_a_mark_says_all_of_its_tooltip_and_the_picture_stays_well_formed() -> None:
    values = [{"x": 1, "said": 'shop 1.0 -> 2.0 <"new">; rolled & out', "n": 3}]
    chart = alt.Chart(alt.InlineData(values=values)).mark_point().encode(x="x:Q", tooltip=["said:N", "n:Q"])
    labels = [e.get("aria-label") for e in ElementTree.fromstring(svg(chart)).iter() if e.get("aria-label")]
    assert labels == ['said: shop 1.0 -> 2.0 <"new">; rolled & out; n: 3']
