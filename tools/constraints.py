"""Print constraints.txt: the name and version of everything installed beside lognb, no addresses.

A version of a tool that came with the environment itself (pip, setuptools) is nobody's requirement and is left out.
"""

from __future__ import annotations

from importlib.metadata import distributions

NOT_OURS = {"lognb", "pip", "setuptools", "wheel"}


def main() -> None:
    found = {d.metadata["Name"].lower().replace("_", "-").replace(".", "-"): d.version for d in distributions()}
    print("# What the tests ran with: names and versions, for `pip install -c`. Written by `make constraints`.")
    for name in sorted(found.keys() - NOT_OURS):
        print(f"{name}=={found[name]}")


if __name__ == "__main__":
    main()
