"""The widget in which a person draws a saga."""

from legend_lab.ui.designer.designer import Designer

__all__ = ["Designer"]
