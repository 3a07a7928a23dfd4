"""Patterns of messages: from bodies to the constant text of each kind of message. Knows no engine and no Logs.

One cheap pass makes an *outline* of each body: its headline with every word that holds a digit as 0. There are few
distinct outlines, and all that is clever looks at these alone, with how many records each has:

    bodies -> headline -> fingerprint -> outlines -> guard -> masks -> tokens -> learn, absorb -> patterns

Nothing depends on the order of the records or on how they were divided, so patterns of parts add up, and nothing is set
for a kind of log. What it reaches, and against what, is measured by benchmarks/accuracy.py.
"""
