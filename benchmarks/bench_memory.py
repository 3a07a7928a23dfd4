"""Peak memory of streaming large dumps of many units: 1 GB and 2 GB, JSON and protobuf, in one process and in two.

    python -m benchmarks.bench_memory [GB ...]

Every run is a process of its own that goes through `lognb.frames` and keeps nothing. Its peak is the kernel's own
high-water mark (ru_maxrss), less what it had after the imports; with two workers the resident memory of the whole
family, looked at every 20 ms, less the imports of each. The dump is one corpus file written again and again: nothing is shared between batches, so
repeats cost what new records cost.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks import corpus

LIMIT = 600
_RUN = """
import json, resource, sys, time
import lognb as ln
from lognb.loaders import Load, decode, decode_json, decode_proto
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
path, workers = sys.argv[1], int(sys.argv[2])
base, records = peak(), 0
frames = ln.frames(path, workers=workers, progress=False)
for frame in frames:
    records += len(frame)
assert records == frames.load_report.records and not frames.load_report.rejected.height
print(json.dumps([base, peak(), records]))
"""


def measure(path: Path, workers: int) -> tuple[float, float, int]:
    """(MB after the imports, MB at the peak, records); of all processes together where there are workers."""
    process = subprocess.Popen([sys.executable, "-c", _RUN, str(path), str(workers)], stdout=subprocess.PIPE)
    family, most = psutil.Process(process.pid), 0.0
    while process.poll() is None:
        if workers > 1:
            most = max(most, _resident(family))
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    assert process.stdout is not None
    base, peak, records = json.loads(process.stdout.read())
    # A worker has the same libraries loaded as its parent, which is what `base` is.
    return (base, peak, records) if workers == 1 else (base * (workers + 1), most, records)


def _resident(family: psutil.Process) -> float:
    total = 0.0
    try:
        for p in (family, *family.children(recursive=True)):
            total += p.memory_info().rss / 2**20
    except psutil.Error:
        return 0.0
    return total


def main() -> None:
    sizes = [float(a) for a in sys.argv[1:]] or [1.0, 2.0]
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)
        corpus.write(folder, 1000, seed=3)
        for name in ("corpus.jsonl", "corpus.pb"):
            piece = folder / name
            for gb in sizes:
                big = folder / f"big{piece.suffix}"
                with big.open("wb") as out:
                    while out.tell() < gb * 1e9:
                        with piece.open("rb") as source:
                            shutil.copyfileobj(source, out, 1 << 20)
                for workers in (1, 2):
                    base, peak, records = measure(big, workers)
                    over = peak - base
                    print(
                        f"{piece.suffix[1:]:5} {big.stat().st_size / 1e9:.1f} GB, {records:,} records, "
                        f"{workers} process{'es' if workers > 1 else ''}: imports {base:,.0f} MB, peak {peak:,.0f} MB, "
                        f"over the imports {over:,.0f} MB (goal {LIMIT})",
                        flush=True,
                    )
                big.unlink()


if __name__ == "__main__":
    main()
