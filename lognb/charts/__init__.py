"""The same file names as the analyses: a Result's frame becomes an Altair chart. Altair loads when one is drawn."""
