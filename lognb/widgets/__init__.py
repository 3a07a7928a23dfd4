"""Panels: they edit a query, and what they show is asked of the engine. anywidget loads when one is made."""
