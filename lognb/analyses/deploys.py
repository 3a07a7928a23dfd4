"""When a service began to run another version: told by what its records carry, and by records that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._text import MINUTE, plain
from lognb.schema import RELEASE_KEYS, TIME

if TYPE_CHECKING:
    from lognb.logs import Logs

SCHEMA: Final = {"time": TIME, "who": pl.String(), "what": pl.String(), "record_id": pl.UInt64()}
# What tells one running copy of a service from another; the first that the data has.
_INSTANCE: Final = ("service.instance.id", "k8s.pod.uid", "k8s.pod.name", "container.id", "host.name")
# OpenTelemetry's attributes of a deployment, and the versions that many add; on resources they say where, not when.
_SAID: Final = ("deployment.id", "deployment.name", "deployment.status", "deployment.version")
_EVENTS: Final = ("deployment", "deploy", "release", "rollout", "rollback")
_TURNS: Final = 2  # of one version: the first, and that it comes back
_NEAR: Final = 5 * MINUTE  # a record that tells of a deployment, and the first of the new version: one deployment


def deploys(logs: Logs) -> pl.DataFrame:
    """The deployments among all records of these Logs' sources, by time.

    Rows: `time` (of the first record of the new version, or of the record that says so), `who` (the service), `what`
    (in words), `record_id` of that record. A version that a service ran from its first record on is no deployment: it
    may have run long before. A version that comes back is one, where copies of the service can be told apart; versions
    that alternate more often run side by side, and then only their first records are told. Records without a time, a
    service or a version are left out.
    """
    found = _began(logs.all)
    for row in _told(logs.all):
        near = (
            one for one in found if one["who"] == row["who"] and "“" not in one["what"]
            and abs(one["time"] - row["time"]) <= _NEAR
            and (one["version"] in row["versions"] or one["record_id"] == row["record_id"])
        )  # fmt: skip
        same = next(near, None)
        if same is None:
            found.append(row)
        else:
            same["what"] += f" “{row['what']}”"
    rows = [{name: row[name] for name in SCHEMA} for row in sorted(found, key=lambda r: (r["time"], r["who"]))]
    schema = {**SCHEMA, "time": pl.Int64()}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("time").cast(TIME))


def _began(logs: Logs) -> list[dict[str, Any]]:
    """Each version that a copy of a service began with, where the copy before had another one."""
    known = set(logs.engine.field_names())
    versions = [name for name in RELEASE_KEYS if name in known]
    if not versions or "service_name" not in known:
        return []
    version = f"coalesce({', '.join(_text(v) for v in versions)})"
    copy = next((_text(n) for n in _INSTANCE if n in known), "''")
    frame = logs.sql(
        f"SELECT service_name AS who, {version} AS version, {copy} AS copy, epoch_ns(min(time)) AS time, "
        "arg_min(record_id, time) AS record_id FROM logs "
        f"WHERE service_name IS NOT NULL AND {version} IS NOT NULL AND isfinite(time) GROUP BY ALL ORDER BY 4, 5"
    )
    out: list[dict[str, Any]] = []
    for (who,), copies in frame.group_by("who", maintain_order=True):
        changes = copies.filter((pl.col("version") != pl.col("version").shift()).fill_null(True))
        if changes.group_by("version").len().filter(pl.col("len") > _TURNS).height:
            changes = changes.unique("version", keep="first", maintain_order=True)
        before, ran = "", set[str]()
        for row in changes.iter_rows(named=True):
            if before:
                again = " again" if row["version"] in ran else ""
                row["what"] = f"version {plain(row['version'], 60)}{again}, after {plain(before, 60)}"
                out.append({**row, "who": plain(str(who), 80)})
            before = row["version"]
            ran.add(before)
    return out


def _told(logs: Logs) -> list[dict[str, Any]]:
    """Each deployment that a record tells of, once; `versions` are all that it says of it."""
    known = set(logs.engine.field_names())
    fields = [name for name in _SAID if name in known]
    if not fields and not known & {"event_name"}:
        return []
    asked = " OR ".join([f"event_name in ({', '.join(_EVENTS)})", *(f"{name} exists" for name in fields)])
    said = [f"attributes->>'$.\"{name}\"'" for name in _SAID]
    found = logs.where(asked).sql(
        f"SELECT {', '.join(f'{s} AS s{i}' for i, s in enumerate(said))}, service_name, event_name, "
        "epoch_ns(min(time)) AS time, arg_min(record_id, time) AS record_id, arg_min(body, time) AS body "
        f"FROM logs WHERE isfinite(time) GROUP BY ALL ORDER BY time, record_id"
    )
    out = []
    for row in found.iter_rows(named=True):
        versions = [row[f"s{i}"] for i in range(len(_SAID)) if row[f"s{i}"] is not None]
        if not versions and row["event_name"] not in _EVENTS:
            continue  # a resource that names its deployment says it in every record
        who = row["s1"] or row["service_name"] or ""
        what = row["body"] or " ".join(versions) or row["event_name"]
        out.append({**row, "who": plain(who, 80), "what": plain(what, 160), "versions": versions})
    return out


def _text(field: str) -> str:
    return f'"{field}"::VARCHAR'
