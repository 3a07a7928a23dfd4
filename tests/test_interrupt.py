"""Ctrl-C while reading ends it at once, as KeyboardInterrupt, and leaves nothing half-made."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).parents[1] / "data/samples/shop.json.zst"
TIMES = 6
READ = """
import sys
import numpy, pyarrow
import lognb as ln
pyarrow.array(numpy.zeros(1))  # imports pandas, where Ctrl-C becomes an error of pandas' own
print("ready", flush=True)
print(len(ln.read(sys.argv[1], workers=int(sys.argv[2]))))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them")
@pytest.mark.parametrize("workers", [1, 2])
def test_interrupt_at_any_moment(tmp_path: Path, truth: dict[str, Any], workers: int) -> None:
    dump, cache = tmp_path / "dump.json.zst", tmp_path / "cache"
    dump.write_bytes(SAMPLE.read_bytes() * TIMES)
    rng, ended = random.Random(workers), []
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", READ, str(dump), str(workers)],
            env={**os.environ, "LOGNB_CACHE": str(cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.random() * 2.5)
        os.killpg(process.pid, signal.SIGINT)  # to the whole family, as a terminal does
        out, err = process.communicate(timeout=30)
        ended.append(process.returncode)
        if process.returncode and not out:  # it may also come when all is done and said
            assert "\nKeyboardInterrupt" in err, err
        else:
            assert out.strip() == str(TIMES * truth["records"])
        assert not [p.name for p in cache.glob("*") if p.suffix in (".tmp", ".stage", ".wal")]
        for store in cache.glob("*.duckdb"):
            store.unlink()
    assert any(ended), "no run was long enough to be interrupted"


ASK = """
import sys
import lognb as ln
from lognb.engines.duckdb.connect import Params
engine = ln.read(sys.argv[1]).engine
slow = "SELECT sum((a.range * b.range) % 7) FROM range(1000000) a, range(1000000) b"
for ask in (engine.rows, engine.frame, lambda *statement: list(engine.stream(*statement))):
    print("ready", flush=True)
    try:
        ask(slow, Params())
    except KeyboardInterrupt:
        print("stopped", engine.rows("SELECT 42", Params()), flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them")
def test_interrupt_of_a_statement(shop: Path) -> None:
    """Hours of work end within seconds, and the engine answers on."""
    process = subprocess.Popen(
        [sys.executable, "-c", ASK, str(shop)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        assert process.stdout.readline() == "stopped [(42,)]\n"
        assert time.monotonic() - sent < 5
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
