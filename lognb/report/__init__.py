"""Reports: results, charts, panels, stories and words as frozen blocks, and the files that they are written to.

`blocks.py` says what a block is, `freeze.py` makes one of what it is given, `report.py` stacks them; each further file
writes one format, from blocks alone: no format asks an engine.
"""
