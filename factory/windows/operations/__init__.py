"""One file per mending operation, and its script beside it. They run only when the recipe says so."""
