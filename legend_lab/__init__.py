"""legend_lab: a strict, composable saga engine inside a Jupyter workbench."""
